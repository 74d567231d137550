package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;

/** Words of Node's {@code cluster}, which both sides use. */
final class ClusterWire {
  static final String COMMAND = "NODE_CLUSTER";

  /** What Node's {@code net} calls the families. */
  static final int IPV4 = 4;

  static final int IPV6 = 6;
  static final int UNIX = -1;
  static final int NO_PORT = -1;

  private ClusterWire() {}

  /** Returns a message that says or asks something. */
  static ObjectNode act(String act) {
    return message().put("act", act);
  }

  /** Returns a message that answers the one of that number. */
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
    return message.path("addressType").asInt() == UNIX
        ? UnixDomainSocketAddress.of(message.path("address").asText())
        : inetAddress(message);
  }

  /**
   * Returns the address that a message names; the wildcard address if it has none.
   *
   * @throws IllegalArgumentException if it is no address
   */
  static InetSocketAddress inetAddress(JsonNode message) {
    String host = message.path("address").asText("");
    int port = message.path("port").asInt(0);
    if (message.path("address").isNull() || host.isEmpty()) {
      return new InetSocketAddress(port);
    }
    try {
      return new InetSocketAddress(InetAddress.getByName(host), port);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(host + " is no address", e);
    }
  }
}
