"""The command `centralita`: reads its arguments and the settings, and hands over.

Owns: the commands' names, options and exit statuses (docs/operate.md). Must not: do the work of a command.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from centralita.console import plain
from centralita.messages import Words, language_before_settings
from models.settings import Settings, SettingsError

WRONG_SETTINGS = 2

# Settings are read when a command runs: a wrong one must not stop `--help`.
_help = Words(language_before_settings())

app = typer.Typer(
    help=_help("help"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    app()


def _settings(console: Console) -> Settings:
    """Exits with 2, naming every wrong setting."""
    try:
        from centralita.programs import load_settings

        return load_settings()
    except SettingsError as error:
        words = Words(language_before_settings())
        console.print(f"[red]✘ {plain(words('settings_wrong'))}[/]")
        for name, text in error.problems.items():
            console.print(f"  [bold]{plain(name)}[/]: {plain(text)}", soft_wrap=True)
        console.print(plain(words("settings_where")), style="dim")
        raise typer.Exit(WRONG_SETTINGS) from None


@app.command(help=_help("help_up"))
def up() -> None:
    """Start everything and watch over it, until Ctrl-C or SIGTERM."""
    from centralita import up as running_house

    console = Console(highlight=False, soft_wrap=True)
    raise typer.Exit(running_house.run(_settings(console), console))


@app.command("demo-call", help=_help("help_demo_call"))
def demo_call(
    number: Annotated[str | None, typer.Argument(help=_help("help_number"))] = None,
    caller: Annotated[str | None, typer.Option(help=_help("help_caller"))] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help=_help("help_anyway"))] = False,
) -> None:
    """Call as a simulated customer, through the real switch."""
    from centralita import demo_call as demonstration

    console = Console(highlight=False, soft_wrap=True)
    raise typer.Exit(demonstration.run(_settings(console), console, number, caller, anyway=anyway))


@app.command(help=_help("help_doctor"))
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=_help("help_json"))] = False,
) -> None:
    """Check each part, say what is wrong and how to mend it."""
    from centralita import doctor as examination

    raise typer.Exit(examination.run(Console(highlight=False, soft_wrap=True), as_json=as_json))


@app.command(help=_help("help_version"))
def version() -> None:
    """Say which version this is."""
    from importlib.metadata import version as installed

    typer.echo(f"centralita {installed('centralita')}")


@app.command("fetch-asterisk", hidden=True)
def fetch_asterisk(into: Annotated[Path, typer.Argument(help="The folder for the embedded copy.")]) -> None:
    """Find an Asterisk or fetch one, without settings or a start: for `make test`."""
    from centralita.embedded import AsteriskUnavailable, find_or_fetch

    told: set[str] = set()

    def tell(text: str, fraction: float | None) -> None:
        if text not in told:
            told.add(text)
            typer.echo(text)

    try:
        dist = find_or_fetch(into, progress=tell)
    except AsteriskUnavailable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Asterisk {dist.version} ({dist.origin})")
