package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.Act;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Copies;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;

/**
 * Other users' files, and files without permission; in a child of another user, since root may do
 * all.
 */
class ShareObjectPermissionTest {
  @TempDir Path folder;

  private Path file;
  private JvmLauncher nobody;

  @BeforeEach
  void copyForNobody() throws IOException {
    String[] prefix = Host.asNobody();
    Host.chmod(folder, "rwxr-xr-x");
    file = folder.resolve("share-data");
    nobody =
        new JvmLauncher()
            .prefix(prefix)
            .classPath(Copies.classes(folder.resolve("classes")))
            .options("-Dshareobject.native.path=" + Copies.library(folder.resolve("library")));
    Host.assumeRuns(
        "nobody can run this JDK",
        prefix[0],
        prefix[1],
        prefix[2],
        prefix[3],
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-version");
  }

  @Test
  void shouldShareAsOtherUser() throws IOException {
    Path own = Files.createDirectory(folder.resolve("own"));
    give(own);
    assertEquals("1\n", nobody.run(Act.class, "set", own + "/share-data", "x").out());
    assertEquals("x\n", nobody.run(Act.class, "get", own + "/share-data").out());
  }

  @Test
  void shouldRefuseFileWithoutPermission() throws IOException {
    make();
    Host.chmod(file, "---------");
    give(file);
    refused("get", "Permission denied");
    refused("read", "Permission denied");
    refused("write", "Permission denied");
  }

  @Test
  void shouldRefuseReadOnlyFile() throws IOException {
    make();
    Host.chmod(file, "r--r--r--");
    give(file);
    refused("get", "Permission denied");
    refused("set", "Permission denied");
  }

  @Test
  void shouldRefuseFolderWithoutPermission() {
    refused("get", "Permission denied");
    refused("write", "Permission denied");
  }

  @Test
  void shouldRefuseOthersFileInStickyFolder() throws IOException {
    Path sticky = Files.createDirectory(folder.resolve("sticky"));
    Host.run("chmod", "1777", sticky.toString());
    file = sticky.resolve("share-data");
    make();
    Host.chmod(file, "rw-rw-rw-");
    refused("get", "belongs to user 0 and this process runs as user 65534");
    refused("write", "belongs to user 0 and this process runs as user 65534");
  }

  @Test
  void shouldRefuseOthersFileEvenAsRoot() throws IOException {
    make();
    give(file);
    ShareAccessException e = assertThrows(ShareAccessException.class, () -> ShareObject.open(file));
    assertTrue(
        e.getMessage().contains("belongs to user 65534 and this process runs as user 0"),
        e.getMessage());
  }

  private void refused(String what, String words) {
    ChildJvm.Result result = nobody.run(Act.class, what, file.toString(), "x");
    assertEquals(1, result.code(), result.toString());
    assertTrue(
        result.out().startsWith("ShareAccessException SHO_EACCESS: " + file), result.toString());
    assertTrue(result.out().contains(words), result.toString());
  }

  private void make() {
    try (ShareObject cell = ShareObject.open(file)) {
      cell.set("root's");
    }
  }

  private static void give(Path path) throws IOException {
    for (Map.Entry<String, Object> id :
        Map.<String, Object>of("unix:uid", Host.NOBODY, "unix:gid", Host.NOBODY).entrySet()) {
      Files.setAttribute(path, id.getKey(), id.getValue());
    }
  }
}
