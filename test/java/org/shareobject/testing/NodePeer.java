package org.shareobject.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A real Node process, for tests with {@link NeedsNode}, with an addon of the published form:
 * test/node.
 */
public final class NodePeer implements AutoCloseable {
  private static final String HEADERS = "node-api-headers@1.9.0";
  private static final Path SOURCES = Path.of("test", "node").toAbsolutePath();
  private static final Path BUILD = Path.of("target", "node").toAbsolutePath();
  private static final Path ADDON = BUILD.resolve("addon.node");

  /** Escapes lone surrogates, which have no UTF-8 form. */
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final Process process;
  private final BufferedWriter to;
  private final BufferedReader from;

  /** Starts one in a folder. */
  public NodePeer(Path folder) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("node", SOURCES.resolve("peer.js").toString(), ADDON.toString())
            .directory(folder.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    Host.PRELOADS.forEach(builder.environment()::remove);
    process = builder.start();
    to = process.outputWriter(StandardCharsets.UTF_8);
    from = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Builds the addon with the headers from npm; skips the test where that is not possible. */
  public static void build() throws IOException {
    Files.createDirectories(BUILD);
    Path headers = BUILD.resolve("node_modules/node-api-headers/include");
    if (!Files.exists(headers.resolve("node_api.h"))) {
      Host.assumeRuns(
          "npm can fetch " + HEADERS,
          "npm",
          "install",
          "--prefix",
          BUILD.toString(),
          "--ignore-scripts",
          "--no-audit",
          "--no-fund",
          HEADERS);
    }
    assumeTrue(Files.exists(headers.resolve("node_api.h")), "needs " + headers);
    List<String> compile =
        new ArrayList<>(List.of("cc", "-std=c11", "-O2", "-Wall", "-shared", "-fPIC"));
    if (System.getProperty("os.name").startsWith("Mac")) {
      compile.addAll(List.of("-undefined", "dynamic_lookup"));
    }
    compile.addAll(
        List.of(
            "-DNODE_GYP_MODULE_NAME=addon",
            "-I" + headers,
            "-o",
            ADDON.toString(),
            SOURCES.resolve("addon.c").toString()));
    Host.assumeRuns("cc can build the addon", compile.toArray(String[]::new));
  }

  /** Maps the file; returns 0 or what the addon takes for an address. */
  public long map() {
    return call("map").asLong();
  }

  /** Returns what the addon's read() does. */
  public String read() {
    return call("read").asText();
  }

  /** Calls the addon's write(). */
  public void write(Object text) {
    call("write", text);
  }

  /** Returns the code by which the addon's read() killed Node. */
  public int dieReading() throws IOException, InterruptedException {
    send("read");
    if (from.readLine() != null) {
      throw new AssertionError("Node lives");
    }
    return process.waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }

  private JsonNode call(String name, Object... args) {
    try {
      send(name, args);
      String answer = from.readLine();
      if (answer == null) {
        throw new AssertionError("Node ended");
      }
      return JSON.readTree(answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void send(String name, Object... args) throws IOException {
    List<Object> request = new ArrayList<>(List.of(name));
    request.addAll(List.of(args));
    to.write(JSON.writeValueAsString(request));
    to.write('\n');
    to.flush();
  }
}
