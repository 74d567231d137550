/**
 * In the jar, the classes of native-lib-loader that this library uses. They log to {@link Logger}
 * instead of SLF4J, and so nowhere.
 */
package org.shareobject.internal.scijava;
