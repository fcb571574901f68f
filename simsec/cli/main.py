"""The command ``simsec``: each command in a file of its own, its heavy imports inside it."""

from __future__ import annotations

import typer

from simsec.cli import check, compare, drill, new, optimize, plan, query, replay, simulate, sweep

app = typer.Typer(
    name="simsec",
    help="Plays polling day before it happens: who stands where, how large the reserve is, where it waits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(plan.plan)
app.command()(optimize.optimize)
app.command()(compare.compare)
app.command()(simulate.simulate)
app.command()(replay.replay)
app.command()(sweep.sweep)
app.command()(query.query)
app.command()(drill.drill)
app.command()(check.check)
app.command()(new.new)


def run() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    run()
