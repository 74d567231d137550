/**
 * A map's statistics for <a href="https://micrometer.io">Micrometer</a>. It needs {@code
 * io.micrometer:micrometer-core}, which the application adds; nothing else in the library does.
 */
package org.shareobject.micrometer;
