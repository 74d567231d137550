package org.shareobject;

/** Signals that the operating system reported an error. The message quotes it. */
public class ShareIoException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_ESYSTEM"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareIoException(String code, String message) {
    super(code, message);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param code the name of the C error, such as {@code "SHO_ESYSTEM"}
   * @param message one sentence with the file, the cause and the remedy
   * @param cause what led to it, or null
   */
  public ShareIoException(String code, String message, Throwable cause) {
    super(code, message, cause);
  }
}
