/**
 * Spring Boot's auto-configuration: {@link org.shareobject.spring.ShareAutoConfiguration} makes
 * caches and maps of what {@code application.properties} says.
 */
package org.shareobject.spring;
