"""The command line of a node's JVM."""

from pathlib import Path

from tools.cassandra.settings import NodeSettings

MAIN_CLASS = "org.apache.cassandra.service.CassandraDaemon"

# Java 17 closes its own packages to others; these are the ones that Cassandra reaches into.
_EXPORTS = (
    "java.base/java.lang.ref",
    "java.base/jdk.internal.misc",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.management/com.sun.jmx.remote.security",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.attach/sun.tools.attach",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.unsupported/sun.misc",
)
_OPENS = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.compiler/com.sun.tools.javac",
    "jdk.management/com.sun.management.internal",
)


def node_command(settings: NodeSettings, java: Path, jars: Path) -> list[str]:
    """Return program and arguments that run the node of `settings` from the jars in `jars`."""
    return [
        str(java),
        *_modules(),
        *_machine(settings, jars),
        *_properties(settings),
        "-cp",
        f"{jars}/*",
        MAIN_CLASS,
    ]


def _modules() -> list[str]:
    return [
        *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
    ]


def _machine(settings: NodeSettings, jars: Path) -> list[str]:
    return [
        f"-Xms{_first_heap_mebibytes(settings)}M",
        f"-Xmx{settings.heap_mebibytes}M",
        "-Xss256k",
        "-XX:+UseG1GC",
        # Otherwise the JVM writes counters to a mapped file on disk and may stall on it.
        "-XX:+PerfDisableSharedMem",
        # A node without memory is no node: better gone, with a message, than half alive.
        "-XX:+ExitOnOutOfMemoryError",
        *(["-XX:TieredStopAtLevel=1"] if settings.short_lived else []),
        f"-javaagent:{_jar(jars, 'jamm')}",
        *_metrics_agent(settings, jars),
    ]


def _first_heap_mebibytes(settings: NodeSettings) -> int:
    return settings.heap_mebibytes // 4 if settings.short_lived else settings.heap_mebibytes


def _metrics_agent(settings: NodeSettings, jars: Path) -> list[str]:
    if settings.metrics_port is None:
        return []
    listen = f"{settings.address}:{settings.metrics_port}"
    configuration = settings.directory / "conf" / "metrics.yaml"
    return [f"-javaagent:{_jar(jars, 'jmx_prometheus_javaagent')}={listen}:{configuration}"]


def _properties(settings: NodeSettings) -> list[str]:
    directory = settings.directory
    values = {
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
        "java.net.preferIPv4Stack": "true",
        "cassandra.config": f"file://{directory}/conf/cassandra.yaml",
        "cassandra.storagedir": directory,
        "cassandra.logdir": directory / "logs",
        "logback.configurationFile": directory / "conf" / "logback.xml",
        "cassandra-foreground": "yes",
        "cassandra.jmx.local.port": settings.jmx_port,
        # The port is on loopback, and so is everything else here.
        "com.sun.management.jmxremote.authenticate": "false",
        # The first user is there when clients come, not ten seconds later.
        "cassandra.superuser_setup_delay_ms": 0,
        "cassandra.ring_delay_ms": settings.ring_delay_ms,
        # Waiting for gossip to calm down is for rings of hundreds.
        "cassandra.skip_wait_for_gossip_to_settle": 0,
        # Thread pools are sized by it; several nodes share the machine.
        "cassandra.available_processors": 2,
        # How long a node that ends lets others hear of it before it goes.
        "cassandra.shutdown_announce_in_ms": 0 if settings.short_lived else 2000,
    }
    return [f"-D{name}={value}" for name, value in values.items()]


def _jar(jars: Path, artifact: str) -> Path:
    return next(jars.glob(f"{artifact}-[0-9]*.jar"))
