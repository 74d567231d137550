package org.shareobject.internal;

/**
 * What is asked of a map: {@code struct sho_map_options}.
 *
 * @param capacity bytes for entries; 0: as the file has it
 * @param maxEntry the largest entry, bytes; 0: as the file has it
 * @param eviction {@code enum sho_eviction}; 0: as the file has it
 * @param readOnly whether writes are refused
 */
public record MapOptions(long capacity, long maxEntry, int eviction, boolean readOnly) {}
