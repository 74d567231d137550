package org.shareobject;

/** Signals use after {@code close()}, or a call that {@code close()} ended. */
public class ShareClosedException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_ECLOSED"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareClosedException(String code, String message) {
    super(code, message);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param code the name of the C error
   * @param message one sentence with the file, the cause and the remedy
   * @param cause what led to it, or null
   */
  public ShareClosedException(String code, String message, Throwable cause) {
    super(code, message, cause);
  }
}
