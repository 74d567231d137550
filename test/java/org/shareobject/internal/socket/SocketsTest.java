package org.shareobject.internal.socket;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.spi.SelectorProvider;
import org.junit.jupiter.api.Test;
import org.shareobject.ShareIoException;
import org.shareobject.internal.nativelib.NativeLibrary;

/** What a JDK says that cannot do what is asked of it. */
class SocketsTest {
  @Test
  void shouldTellWhatALaterJdkLacks() {
    ShareIoException e =
        assertThrows(
            ShareIoException.class,
            () ->
                Sockets.jdk(
                    () -> {
                      throw new NoSuchMethodError("Lsun/nio/ch/SocketChannelImpl;.<init>(...)V");
                    }));
    assertTrue(e.getMessage().contains("sun/nio/ch/SocketChannelImpl"), e.getMessage());
    assertTrue(e.getMessage().contains(Runtime.version().toString()), e.getMessage());
  }

  @Test
  void shouldTellWhatTheJdkRefuses() {
    NativeLibrary.load();
    ShareIoException e =
        assertThrows(
            ShareIoException.class,
            () ->
                Sockets.jdk(
                    () ->
                        SocketNative.server(
                            SelectorProvider.provider(), StandardProtocolFamily.INET, 1 << 20)));
    assertTrue(e.getCause() instanceof IOException, e.toString());
  }
}
