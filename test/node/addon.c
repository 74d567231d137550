/*
 * An addon of the published form: it maps the file share-data of the working
 * directory and lets JavaScript read and write the first 1024 bytes. Its
 * faults are kept, for it stands for the programs that ours must get along
 * with.
 */
#include <fcntl.h>
#include <node_api.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW_BYTES 1024

static char *address;

static long get_share_adress(size_t min_size, int is_init) {
  (void)is_init;
  int fd = open("share-data", O_RDWR | O_EXCL);
  if (fd < 0) {
    return fd;
  }
  struct stat file;
  fstat(fd, &file);
  size_t size = (size_t)file.st_size | min_size;
  void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return (long)mapped;
}

static napi_value map(napi_env env, napi_callback_info info) {
  (void)info;
  long result = get_share_adress(WINDOW_BYTES, 1);
  address = result < 0 ? NULL : (char *)result;
  napi_value mapped;
  napi_create_int64(env, result < 0 ? result : 0, &mapped);
  return mapped;
}

static napi_value read_window(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value text;
  napi_create_string_utf8(env, address, WINDOW_BYTES, &text);
  return text;
}

static napi_value write_window(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_string_utf8(env, argument, address, WINDOW_BYTES, NULL);
  napi_value nothing;
  napi_create_int32(env, 0, &nothing);
  return nothing;
}

static void export(napi_env env, napi_value exports, const char *name,
                   napi_callback call) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

static napi_value init(napi_env env, napi_value exports) {
  export(env, exports, "map", map);
  export(env, exports, "read", read_window);
  export(env, exports, "write", write_window);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
