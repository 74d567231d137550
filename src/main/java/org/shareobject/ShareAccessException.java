package org.shareobject;

/**
 * Signals a file or folder that this process cannot or must not use, because of its permissions or
 * owner, or because it is a symlink or read-only.
 */
public class ShareAccessException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_EACCESS"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareAccessException(String code, String message) {
    super(code, message);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param code the name of the C error, such as {@code "SHO_EACCESS"}
   * @param message one sentence with the file, the cause and the remedy
   * @param cause what led to it, or null
   */
  public ShareAccessException(String code, String message, Throwable cause) {
    super(code, message, cause);
  }
}
