"""What can go wrong around a node, as sentences for the person at the terminal.

LauncherError
├── JavaMissingError    no Java 17, or JAVA_HOME names another one
├── MavenError          Maven is missing, or could not bring the jars
└── NodeError           a node ended by itself, or was not ready in time
"""


class LauncherError(Exception):
    """Any reason for which no node runs; its text is one sentence that says what to do."""


class JavaMissingError(LauncherError):
    """No Java that Cassandra can run on was found."""


class MavenError(LauncherError):
    """The jars are absent and could not be fetched."""


class NodeError(LauncherError):
    """A node ended by itself or did not answer in time; the text ends with the tail of its log."""
