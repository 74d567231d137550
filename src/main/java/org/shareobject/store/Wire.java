package org.shareobject.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.shareobject.ShareException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareValueTooLargeException;

/**
 * The messages between users and their manager.
 *
 * <pre>
 * request  {isSharedMemoryMessage: true, method, id, uuid, key, value}
 * answer   {isSharedMemoryMessage: true, uuid, value}
 * refusal  {isSharedMemoryMessage: true, uuid, value, error: {code, message}}
 * </pre>
 *
 * <p>A request without a key sets all pairs of its value. An answer without a value is JavaScript's
 * {@code undefined}: no such key. A refusal has the message as its value, because the {@code User}
 * for Node looks at nothing else; a refused {@code get} has none, because that user would take it
 * for the value of the key.
 */
final class Wire {
  static final String FLAG = "isSharedMemoryMessage";
  static final String METHOD = "method";
  static final String ID = "id";
  static final String UUID = "uuid";
  static final String KEY = "key";
  static final String VALUE = "value";
  static final String ERROR = "error";
  static final String CODE = "code";
  static final String MESSAGE = "message";

  static final String GET = "get";
  static final String SET = "set";
  static final String REMOVE = "remove";
  static final String PLUS_ONE = "plusOne";

  private Wire() {}

  /** Returns whether a message is a request to a manager. */
  static boolean isRequest(JsonNode message) {
    return message.path(FLAG).asBoolean() && message.has(METHOD);
  }

  /** Returns whether a message is a manager's answer. */
  static boolean isAnswer(JsonNode message) {
    return message.path(FLAG).asBoolean() && !message.has(METHOD);
  }

  /**
   * Returns the answer to a request.
   *
   * @param value null: none
   */
  static ObjectNode answer(JsonNode request, JsonNode value) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put(FLAG, true);
    JsonNode uuid = request.get(UUID);
    if (uuid != null) {
      answer.set(UUID, uuid);
    }
    if (value != null) {
      answer.set(VALUE, value);
    }
    return answer;
  }

  /** Returns the refusal of a request. */
  static ObjectNode refusal(JsonNode request, RuntimeException reason) {
    String message = reason.getMessage() != null ? reason.getMessage() : reason.toString();
    boolean isGet = GET.equals(request.path(METHOD).textValue());
    ObjectNode refusal =
        answer(request, isGet ? null : JsonNodeFactory.instance.textNode("refused: " + message));
    refusal.putObject(ERROR).put(CODE, code(reason)).put(MESSAGE, message);
    return refusal;
  }

  private static String code(RuntimeException reason) {
    if (reason instanceof ShareException share) {
      return share.code();
    }
    return reason instanceof IllegalArgumentException ? "SHO_EINVAL" : "SHO_ESYSTEM";
  }

  /**
   * Returns what a refusal says.
   *
   * @param what the operation
   */
  static RuntimeException exception(JsonNode error, String what) {
    String code = error.path(CODE).asText();
    String message = what + " was refused by the manager: " + error.path(MESSAGE).asText();
    return switch (code) {
      case "SHO_EINVAL" -> new IllegalArgumentException(message);
      case "SHO_EFULL" -> new ShareFullException(code, message);
      case "SHO_ETOOBIG" -> new ShareValueTooLargeException(code, message);
      default -> new ShareException(code, message);
    };
  }
}
