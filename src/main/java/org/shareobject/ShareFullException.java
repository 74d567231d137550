package org.shareobject;

/** Signals that shared memory has no room for an entry. Nothing was lost. */
public class ShareFullException extends ShareException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_EFULL"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareFullException(String code, String message) {
    super(code, message);
  }
}
