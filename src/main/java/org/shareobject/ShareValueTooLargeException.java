package org.shareobject;

/** Signals a value that can never fit. The message names its size and the largest one. */
public class ShareValueTooLargeException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_ETOOBIG"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareValueTooLargeException(String code, String message) {
    super(code, message);
  }
}
