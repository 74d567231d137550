package org.shareobject.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** Words of Node's {@code cluster}, which both sides use. */
final class ClusterWire {
  static final String COMMAND = "NODE_CLUSTER";

  /** What Node's {@code net} calls the families. */
  static final int IPV4 = 4;

  static final int IPV6 = 6;
  static final int UNIX = -1;
  static final int NO_PORT = -1;

  private static final String BYTE = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern IPV4_LITERAL = Pattern.compile(BYTE + "(\\." + BYTE + "){3}");

  /** {@code InetAddress} looks up no text that begins like this and has a colon. */
  private static final Pattern IPV6_LITERAL = Pattern.compile("[0-9A-Fa-f:][0-9A-Fa-f.]*:.*");

  private ClusterWire() {}

  /** Returns a notice or a question. */
  static ObjectNode act(String act) {
    return message().put("act", act);
  }

  /** Returns an answer to the question with that number. */
  static ObjectNode answer(long question) {
    return message().put("ack", question);
  }

  private static ObjectNode message() {
    return JsonNodeFactory.instance.objectNode().put("cmd", COMMAND);
  }

  /**
   * Returns the address that a message names.
   *
   * @throws IllegalArgumentException if it names none
   */
  static SocketAddress address(JsonNode message) {
    if (message.path("addressType").asInt() != UNIX) {
      return inetAddress(message);
    }
    String path = message.path("address").asText();
    String name = abstractName(path);
    return UnixDomainSocketAddress.of(name == null ? path : "@" + name);
  }

  /**
   * Returns a name outside of the file system, which Node writes behind a zero, and its workers
   * behind their working directory as well; null if the address is a path.
   */
  static String abstractName(String address) {
    int zero = address.indexOf('\0');
    boolean isName = zero == 0 || (zero > 0 && address.charAt(zero - 1) == '/');
    return isName ? address.substring(zero + 1) : null;
  }

  /**
   * Returns the address that a message names; the wildcard address if it has none. Only literals
   * are addresses, as in Node, whose workers resolve names themselves: no name service is asked.
   *
   * @throws IllegalArgumentException if it is no address
   */
  static InetSocketAddress inetAddress(JsonNode message) {
    String host = message.path("address").asText("");
    int port = message.path("port").asInt(0);
    if (message.path("address").isNull() || host.isEmpty()) {
      return new InetSocketAddress(port);
    }
    if (!IPV4_LITERAL.matcher(host).matches() && !IPV6_LITERAL.matcher(host).matches()) {
      throw new IllegalArgumentException(host + " is not a literal address");
    }
    try {
      return new InetSocketAddress(InetAddress.getByName(host), port);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(host + " is not an address", e);
    }
  }
}
