package org.shareobject.internal.scijava;

/** Takes the place of {@code org.slf4j.LoggerFactory}: its logger drops everything. */
final class LoggerFactory {
  private static final Logger SILENT =
      new Logger() {
        @Override
        public void debug(String message) {}

        @Override
        public void debug(String message, Throwable cause) {}

        @Override
        public void warn(String message) {}
      };

  private LoggerFactory() {}

  /** Returns the silent logger, whatever the name. */
  static Logger getLogger(String name) {
    return SILENT;
  }
}
