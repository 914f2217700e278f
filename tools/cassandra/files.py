"""Write a node's configuration into its directory."""

from pathlib import Path
from string import Template

from tools.cassandra.settings import SEED_ADDRESS, NodeSettings

_TEMPLATES = Path(__file__).with_name("templates")
_MEMTABLE_SHARE = 8


def write_files(settings: NodeSettings) -> None:
    """Write `conf/cassandra.yaml`, `conf/logback.xml` and, if asked for, `conf/metrics.yaml`.

    They are written anew at each start: the settings are the truth, not what lies on disk.
    """
    conf = settings.directory / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    log_path(settings).parent.mkdir(exist_ok=True)
    _fill(
        conf / "cassandra.yaml",
        cluster_name=settings.cluster_name,
        seeds=f"{SEED_ADDRESS}:{settings.storage_port}",
        address=settings.address,
        storage_port=settings.storage_port,
        native_port=settings.native_port,
        directory=settings.directory,
        memtable_mebibytes=settings.heap_mebibytes // _MEMTABLE_SHARE,
    )
    if settings.security is not None:
        with (conf / "cassandra.yaml").open("a") as file:
            file.write(
                Template((_TEMPLATES / "security.yaml").read_text()).substitute(
                    node=settings.security.node_file, authority=settings.security.authority_file
                )
            )
    _fill(conf / "logback.xml", log=log_path(settings))
    if settings.metrics_port is not None:
        # Its dollar signs belong to the agent: nothing is filled in.
        (conf / "metrics.yaml").write_text((_TEMPLATES / "metrics.yaml").read_text())


def log_path(settings: NodeSettings) -> Path:
    """Return where the node logs."""
    return settings.directory / "logs" / "system.log"


def console_path(settings: NodeSettings) -> Path:
    """Return where the JVM's own output goes: what is said before logging works."""
    return settings.directory / "logs" / "console.log"


def _fill(path: Path, **values: object) -> None:
    path.write_text(Template((_TEMPLATES / path.name).read_text()).substitute(values))
