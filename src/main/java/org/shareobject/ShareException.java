package org.shareobject;

/**
 * Signals that an operation on shared memory failed. A method on one key or text has then changed
 * nothing. The message names the file, the cause and the remedy. Subclasses distinguish the causes
 * that a program can act on.
 */
public class ShareException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The name of the C error. */
  private final String code;

  /**
   * Creates an exception.
   *
   * @param code the name of the C error, such as {@code "SHO_EFULL"}
   * @param message one sentence with the file, the cause and the remedy
   */
  public ShareException(String code, String message) {
    this(code, message, null);
  }

  /**
   * Creates an exception that another one caused.
   *
   * @param code the name of the C error, such as {@code "SHO_EFULL"}
   * @param message one sentence with the file, the cause and the remedy
   * @param cause what led to it, or null
   */
  public ShareException(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /**
   * Returns the name of the C error.
   *
   * @return a name of the table in {@code shareobject.h}, such as {@code "SHO_EFULL"}; never null
   */
  public final String code() {
    return code;
  }
}
