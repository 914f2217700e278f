"""The command `health-exchange`, also as `python -m exchange`."""

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    # gRPC writes to standard error by itself unless this is set before it is imported; what there
    # is to say is said in sentences of ours.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from exchange.cli.main import run  # noqa: PLC0415

    sys.exit(run())


if __name__ == "__main__":
    main()
