/*
 * Any bytes may lie in a file that is opened as a map, or be stored into it
 * while it is open: nothing crashes, hangs, or answers more than there is.
 *
 * Input: byte 0 flags, the rest patches (map_image.h) or the file's bytes.
 */
#include "map_image.h"

enum flags {
  EVICTS = 1,      /* the map's eviction */
  RAW = 2,         /* the input is the file */
  SIGN = 4,        /* the header's checksum is made right */
  REBOOT = 8,      /* the boot id is another */
  PATCH_LATER = 16 /* the patches come when it is open */
};

static void put_input(struct image *image, int flags, const uint8_t *input,
                      size_t count) {
  image_restore(image);
  if (flags & RAW) {
    memcpy(image->file, input, count < image->bytes ? count : image->bytes);
  } else if (!(flags & PATCH_LATER)) {
    image_patch(image, image->file, input, count);
  }
  struct sho__map_shm *header = (void *)image->file;
  if (flags & REBOOT) {
    atomic_store(&header->boot_id[0], 1);
  }
  if (flags & SIGN) {
    header->checksum = (uint32_t)sho__hash(header, 156, 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  static struct image images[2];
  if (images[0].bytes == 0) {
    image_make(&images[0], SHO_EVICTION_NONE);
    image_make(&images[1], SHO_EVICTION_S3_FIFO);
    require(sho_lock_timeout(1000000) == SHO_OK);
  }
  if (count == 0) {
    return 0;
  }
  int flags = input[0];
  struct image *image = &images[flags & EVICTS];
  put_input(image, flags, input + 1, count - 1);
  struct sho_map *map = image_open(image);
  if (map == NULL) {
    return 0;
  }
  if (flags & PATCH_LATER) {
    image_patch(image, image->file, input + 1, count - 1);
  }
  image_use(image, map);
  sho_map_close(map);
  image_use(image, map);
  sho_map_free(map);
  return 0;
}
