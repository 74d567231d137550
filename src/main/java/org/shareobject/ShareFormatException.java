package org.shareobject;

/**
 * Signals a file or native library that this library did not make, that is damaged, or that has
 * another version or geometry.
 */
public class ShareFormatException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_EFORMAT"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareFormatException(String code, String message) {
    super(code, message);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param code the name of the C error
   * @param message one sentence with the file, the cause and the remedy
   * @param cause what led to it, or null
   */
  public ShareFormatException(String code, String message, Throwable cause) {
    super(code, message, cause);
  }
}
