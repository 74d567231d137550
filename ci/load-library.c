/* Loads the library named by the argument and prints its version. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    return 2;
  }
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const char *(*version)(void);
  *(void **)&version = dlsym(library, "sho_version");
  if (version == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  puts(version());
  return 0;
}
