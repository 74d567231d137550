package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages of the project hang together. */
class DocsTest {
  private static final Path IMAGES = Path.of("docs/images");
  private static final Pattern LINK =
      Pattern.compile("\\]\\(([^)\\s]+)\\)|(?:src|srcset)=\"([^\"]+)\"");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");
  private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^```.*?^```");

  /** A link of a page, to a file or to a heading of one. */
  private record Link(Path page, String target) {
    Path file() {
      String name = target.replaceFirst("#.*", "");
      return name.isEmpty() ? page : page.resolveSibling(name).normalize();
    }

    String heading() {
      return target.contains("#") ? target.replaceFirst(".*#", "") : null;
    }

    boolean isBroken() throws IOException {
      return !Files.exists(file()) || (heading() != null && !headings(file()).contains(heading()));
    }
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (Path folder : List.of(Path.of(""), Path.of("docs"))) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    assertTrue(pages.size() > 1);
    return pages;
  }

  private static String prose(Path page) throws IOException {
    return CODE_BLOCK.matcher(Files.readString(page)).replaceAll("");
  }

  private static List<Link> links() throws IOException {
    List<Link> links = new ArrayList<>();
    for (Path page : pages()) {
      Matcher link = LINK.matcher(prose(page));
      while (link.find()) {
        String target = link.group(1) == null ? link.group(2) : link.group(1);
        if (!target.matches("[a-z]+:.*")) {
          links.add(new Link(page, target));
        }
      }
    }
    return links;
  }

  /** Returns the anchors of a page's headings, as GitHub makes them. */
  private static Set<String> headings(Path page) throws IOException {
    Set<String> anchors = new TreeSet<>();
    Matcher heading = HEADING.matcher(prose(page));
    while (heading.find()) {
      anchors.add(
          heading
              .group(1)
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N} _-]", "")
              .replace(' ', '-'));
    }
    return anchors;
  }

  @Test
  void shouldLinkToWhatIsThere() throws IOException {
    List<Link> broken = new ArrayList<>();
    for (Link link : links()) {
      if (link.isBroken()) {
        broken.add(link);
      }
    }
    assertEquals(List.of(), broken);
  }

  @Test
  void shouldKeepNoImageThatNothingShows() throws IOException {
    Set<Path> shown = links().stream().map(Link::file).collect(Collectors.toSet());
    try (Stream<Path> images = Files.list(IMAGES)) {
      assertEquals(List.of(), images.filter(image -> !shown.contains(image)).sorted().toList());
    }
  }
}
