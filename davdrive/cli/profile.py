"""`davdrive profile`: what the live server spends its time on, as a flame graph."""

import time
from pathlib import Path

import click

from davdrive.cli.main import Settings, common
from davdrive.errors import BadRequest, Unavailable
from davdrive.observe.flame import flame_graph
from davdrive.observe.profiling import FOLDER, Question
from davdrive.observe.sampler import collapsed

BEGIN_S, END_S = 3.0, 5.0
"""How long processes may take to begin, and to lay down what they found."""


@click.command("profile", short_help="Draw where a running server spends its time.")
@click.option("--seconds", type=float, metavar="S", default=10.0, show_default=True, help="How long to look.")
@click.option("--wall", is_flag=True, help="Count waiting as well, not processor time alone.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=Path("davdrive-profile.svg"),
    show_default=True,
    help="Where to write it: an .svg or a .txt.",
)
@common
def command(settings: Settings, seconds: float, wall: bool, output: Path) -> None:
    """Look at all workers of the server that runs on this machine with these settings.

    FILE ends in .svg (a flame graph to open in a browser) or .txt (collapsed stacks, for speedscope.app).
    It needs the right to write into the server's run directory, and nothing else.
    """
    if output.suffix not in (".svg", ".txt"):
        raise BadRequest("--output must end in .svg or .txt")
    if not 0 < seconds <= settings.profiling.longest_s:
        raise BadRequest(f"--seconds must be over 0 and at most profiling.longest_s, {settings.profiling.longest_s:g}")
    question = Question(settings.run_dir / FOLDER, seconds, wall)
    try:
        _wait(question, seconds)
        stacks, processes = question.stacks(), len(question.answers())
    finally:
        question.close()
    title = f"davdrive, {processes} processes, {seconds:g} s, {sum(stacks.values()) / 1e6:.2f} s of samples"
    output.write_text(collapsed(stacks) if output.suffix == ".txt" else flame_graph(stacks.items(), title))
    click.echo(f"{output}: {title}")


def _wait(question: Question, seconds: float) -> None:
    began = time.monotonic()
    while not question.begun():
        if time.monotonic() > began + BEGIN_S:
            raise Unavailable("no server answers: none runs with this run_dir, or profiling.enabled is off")
        time.sleep(0.05)
    time.sleep(seconds)
    while len(question.answers()) < question.begun() and time.monotonic() < began + BEGIN_S + seconds + END_S:
        time.sleep(0.05)
