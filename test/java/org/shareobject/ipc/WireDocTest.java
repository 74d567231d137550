package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.Codec;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.Received;

/** The peer in docs/wire.md, in a language of which the library knows nothing. */
@Timeout(180)
class WireDocTest {
  @TempDir Path folder;

  private Worker start() throws IOException {
    Host.assumeRuns("python3 is installed", "python3", "-c", "import socket; socket.send_fds");
    Matcher peer =
        Pattern.compile("```python\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs", "wire.md")));
    assertTrue(peer.find());
    Path script = Files.writeString(folder.resolve("peer.py"), peer.group(1));
    return Worker.spawn(new ProcessBuilder("python3", script.toString()));
  }

  @Test
  void shouldEchoMessagesAndHandlesInOrder() throws Exception {
    try (Worker worker = start();
        ServerSocketChannel server = ServerSocketChannel.open().bind(Loopback.port(0));
        SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
      Channel channel = worker.channel();
      Received received = Received.from(channel);
      CompletableFuture<Void> unused = channel.send(Map.of("é", List.of(1, 2.5, "\n")));
      Futures.get(channel.send("server", server));
      unused = channel.send("connection", client, true);
      unused = channel.send(Map.of("cmd", "NODE_"));
      assertEquals("{\"é\":[1,2.5,\"\\n\"]}", received.nextJson().toString());
      try (ServerSocketChannel same = received.next().channel(ServerSocketChannel.class)) {
        assertEquals(server.getLocalAddress(), same.getLocalAddress());
      }
      try (SocketChannel same = received.next().channel(SocketChannel.class)) {
        assertEquals(client.getLocalAddress(), same.getLocalAddress());
      }
      assertEquals("{\"cmd\":\"NODE_\"}", received.nextJson().toString());
      channel.disconnect();
      assertEquals(0, worker.process().waitFor());
    }
  }

  @Test
  void shouldNotBeSentAMap() throws Exception {
    try (Worker worker = start();
        ShareMap<String, String> map =
            ShareMap.builder(Codec.STRING, Codec.STRING).capacity(1 << 16).openAnonymous()) {
      Futures.assertFails(
          ShareException.class, "does not use this library", worker.channel().send("a map", map));
      Received received = Received.from(worker.channel());
      Futures.get(worker.channel().send("after"));
      assertEquals("after", received.nextText());
    }
  }
}
