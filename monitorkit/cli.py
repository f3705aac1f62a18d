"""The command line: ``monitorkit install``, ``find``, ``demo``; each command is a function and a line in the table."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import monitorkit
from monitorkit.errors import MonitorkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.services.programs.binaries import Binary

__all__ = ["COMMANDS", "Command", "main"]


@dataclass(frozen=True)
class Command:
    """One command.

    Parameters
    ----------
    run
        Does it and returns the exit status; its docstring is the help.
    arguments
        Adds what it takes to its parser.
    """

    run: Callable[[argparse.Namespace], int]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None


def install(options: argparse.Namespace) -> int:
    """Find a program on this machine or download it, without root; print its path and version."""
    from monitorkit import services  # noqa: PLC0415 - `monitorkit --help` must stay quick

    _show(services.install(options.program, options.version, report=_remark(options)), options)
    return 0


def find(options: argparse.Namespace) -> int:
    """Print the path and version of a program that is on this machine."""
    from monitorkit import services  # noqa: PLC0415 - as above

    _show(services.find(options.program, options.version, report=_remark(options)), options)
    return 0


def _remark(options: argparse.Namespace) -> Callable[[str], None] | None:
    """Where the reason goes of each place where a program is not; when quiet, into the error if there is one."""
    return None if options.quiet else lambda text: print(text, file=sys.stderr, flush=True)


def _show(binary: Binary, options: argparse.Namespace) -> None:
    if options.print_path:
        print(binary.path)
    elif not options.quiet:
        print(f"{binary.path} {binary.version} ({binary.source})")


def _program(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", help="for example prometheus")
    parser.add_argument("--version", metavar="X.Y.Z", help="the version it must have")
    parser.add_argument("--quiet", action="store_true", help="say nothing unless it fails")
    parser.add_argument("--print-path", action="store_true", help="print the path alone")


def demo(options: argparse.Namespace) -> int:
    """Serve a model, scrape it, send it requests, and print each number from PromQL and by hand."""
    from monitorkit.scenarios.demo import report, run_demo  # noqa: PLC0415 - the other commands need no pandas

    print(report(run_demo(rate=options.rate, duration=options.duration)))
    return 0


def _load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second (50)")
    parser.add_argument("--duration", default="10s", help="how long to send them (10s)")


COMMANDS = {
    "install": Command(install, _program),
    "find": Command(find, _program),
    "demo": Command(demo, _load),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; an error is one line on standard error and status 1."""
    options = _parser().parse_args(arguments)
    try:
        return _flushed(COMMANDS[options.command].run(options))
    except MonitorkitError as error:
        print(f"monitorkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads has seen enough, as in `| head`; without this the interpreter's last flush would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _flushed(status: int) -> int:
    """The status, once all output is through or has failed."""
    sys.stdout.flush()
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitorkit", description=(monitorkit.__doc__ or "").splitlines()[0])
    parser.add_argument("--version", action="version", version=f"monitorkit {monitorkit.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        text = (command.run.__doc__ or "").strip()
        command.arguments(commands.add_parser(name, help=text, description=text))
    return parser
