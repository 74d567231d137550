package org.shareobject.ipc;

import org.shareobject.ShareException;

/** Checks whether Jackson is present. Does not refer to it, so this class loads without it. */
final class Jackson {
  private Jackson() {}

  /**
   * Fails where Jackson is missing.
   *
   * @throws ShareException that says what to do about it
   */
  static void require() {
    try {
      Class.forName("com.fasterxml.jackson.databind.json.JsonMapper");
    } catch (ClassNotFoundException | LinkageError e) {
      throw new ShareException(
          "SHO_ESYSTEM",
          "org.shareobject.ipc needs Jackson: put com.fasterxml.jackson.core:jackson-databind on"
              + " the class path, or add the module com.fasterxml.jackson.databind",
          e);
    }
  }
}
