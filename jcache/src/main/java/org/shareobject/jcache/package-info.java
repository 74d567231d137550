/**
 * A JCache (JSR 107) provider whose caches lie in memory that the processes of one host share.
 *
 * <p>Programs use {@code javax.cache}; {@link org.shareobject.jcache.ShareCachingProvider} is found
 * by {@link java.util.ServiceLoader}. {@link org.shareobject.jcache.ShareConfiguration} has the
 * settings that JCache does not know.
 */
package org.shareobject.jcache;
