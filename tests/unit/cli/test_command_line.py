"""What a wrong command line is told, and how the help stands on a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootheal.cli import COMMANDS, main, make_parser
from bootheal.cli.meaningless import refuse


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run --onec", "bootheal: cannot understand '--onec'; did you mean --once?\n  bootheal run --help"),
        ("rbac --appl", "bootheal: cannot understand '--appl'; did you mean --apply?"),
        ("status shop", "bootheal: cannot understand 'shop'\n  bootheal status --help"),
        ("--versoin", "cannot understand '--versoin'; did you mean --version?\n  bootheal --help"),
        ("run --json", "bootheal: cannot use --json without --once\n  see also: bootheal status --json"),
        ("run --accept-data shop", "bootheal: cannot use --accept-data without --once"),
        ("plan --json --verbose", "cannot use --verbose with --json"),
        ("status --watch --json", "cannot use --json with --watch"),
        ("check --schema --strict", "cannot use --strict with --schema"),
        ("doctor -c a.yaml --kubeconfig b", "cannot use --kubeconfig with --config\n  the configuration says which"),
        ("doctor -c a.yaml --name b shop", "cannot use --name with --config"),
        ("bundle -c a.yaml --context b", "cannot use --context with --config"),
        ("doctor --list shop", "cannot use a namespace or an object with --list"),
        ("init --diff --namespace shop", "cannot use --namespace with --diff"),
        ("init --diff --force", "cannot use --force with --diff"),
        ("init --diff --kubeconfig k", "cannot use --kubeconfig with --diff"),
        ("rbac --patience 5", "cannot use --patience without --apply or --withdraw or --credential"),
        ("preflight --gate --json", "cannot use --json with --gate"),
        ("preflight --inhibit --json", "cannot use --json with --inhibit"),
        ("demo --list --keep", "cannot use --keep with --list"),
        ("report 2 -n 3", "cannot use -n with a BOOT"),
        ("report --list -n 2", "cannot use -n with --list"),
        ("report -n 0", "cannot use '0': it should be a whole number, 1 at least"),
        ("report -n last", "cannot use 'last': it should be a whole number, 1 at least"),
        ("run --max-requests-per-second x", "cannot use 'x': it should be a number from 1 to 10000"),
        ("run --max-requests-per-second 0", "cannot use '0': it should be a number from 1 to 10000"),
        ("run --max-requests-per-second nan", "cannot use 'nan': it should be a number from 1 to 10000"),
        ("wait --timeout soon", "cannot use 'soon': it should be a number of seconds"),
        ("preflight --every -1", "cannot use '-1': it should be a number of seconds"),
        ("preflight --every 0", "cannot use '0': it should be a number of seconds, 1 at least"),
        ("preflight --every 5", "cannot use --every without --inhibit"),
        ("-c x.yaml plan", "cannot understand '-c' before the command\n  bootheal plan --help"),
        ("pln", "cannot understand 'pln': there is no such command; did you mean plan?"),
        ("plan -c=", "cannot use '': it should name a file"),
        ("rbac --account A_B", "cannot use 'A_B': it should be small letters, digits and -"),
        ("rbac --diff --credential f", "cannot use --credential with --diff\n  it writes one, alone or"),
        ("rbac --withdraw --credential f", "cannot use --credential with --withdraw"),
        ("rbac --namespace=", "cannot use '': it should be small letters"),
        ("rbac --namespace kube.system", "cannot use 'kube.system': it should be small letters"),
        ("init --namespace Shop", "cannot use 'Shop': it should be small letters"),
        ("init --state-directory here", "cannot use 'here': it should be an absolute path"),
        ("init -o - --kubeconfig /\udcff", "cannot use '/\\udcff' as kubeconfig: a path cannot hold"),
        ("doctor --kubeconfig /k --context a\x07", "cannot use 'a\\x07' as context: it should be one line"),
        ("bundle -o x --kubeconfig /k --context \udcff", "cannot use '\\udcff' as context: it should be one line"),
        ("doctor ..", "cannot look for '..': it should be small letters"),
        ("doctor pod/shop/..", "cannot look for '..': it should be small letters"),
        ("doctor deployment/a?b/web", "cannot look for 'a?b': it should be small letters"),
        ("doctor Shop", "cannot look for 'Shop': it should be small letters"),
        ("doctor pod//web", "cannot tell what is meant by 'pod//web'"),
        ("report --json --svg x", "cannot use --svg with --json\n  ask for one after the other"),
        ("report --list --compare 1 2", "cannot use --compare with --list"),
        ("report --list 2", "cannot use a BOOT with --list"),
        ("-", "cannot understand '-': there is no such command"),
        ("demo --hidden-faults --keep", "cannot use --keep with --hidden-faults"),
        ("doctor thing/shop/web", "cannot look at a 'thing'\n  it knows pod, "),
        ("doctor deploymnt/shop/web", "cannot look at a 'deploymnt'; did you mean deployment?"),
    ],
)
def test_a_wrong_option_is_told_in_the_users_words(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what may be meant; nothing is done by half a word. Exit code 2."""
    try:
        code = main(line.split())
    except SystemExit as end:
        code = int(end.code or 0)
    assert said in capsys.readouterr().err
    assert code == 2


def test_what_was_asked_for_together_and_means_something_is_not_refused() -> None:
    """The refusals are for options in vain: each of these is used together by somebody."""
    for line in (
        "run --once --json --accept-data shop",
        "report --list --json",
        "report --compare 2 1 --json",
        "report 2 --svg a --html b",
        "check --schema --json",
        "preflight --inhibit --every 60 --strict",
        "doctor --kubeconfig k --context c shop --json",
        "rbac --apply --credential f --patience 60",
        "rbac --credential f --patience 60",
        "init --force --name k --namespace a --namespace b",
        "demo --scenario clean --keep",
    ):
        refuse(make_parser().parse_args(line.split()))


@pytest.mark.parametrize(
    "line",
    [
        "run --once --json",
        "plan --json",
        "status --json",
        "report --json",
        "report --list --json",
        "check --json",
        "preflight --json",
        "doctor --json",
    ],
)
def test_a_failure_is_json_too_where_json_was_asked_for(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script gets one document on standard output, with the exit code and each problem's place; a person as ever."""
    wrong = tmp_path / "bootheal.yaml"
    wrong.write_text("cluster:\n\tkind: k3s\n")
    assert main([*line.split(), "--config", str(wrong)]) == 78
    told = capsys.readouterr()
    said = json.loads(told.out)
    assert (said["exit_code"], said["error"]) == (78, told.err.strip())
    assert [(each["gravity"], each["place"]) for each in said["found"]] == [("problem", f"{wrong}:2:1")]


def test_what_no_file_is_wrong_with_fails_as_json_likewise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do next, where there is something."""
    config = tmp_path / "bootheal.yaml"
    config.write_text(f"state_directory: {tmp_path}\n")
    (tmp_path / "state.json").write_text("[")
    for line, hint in (("status", "the next run sets it aside"), ("report", "a pass that ends writes it down")):
        assert main([line, "--json", "--config", str(config)]) == 1
        said = json.loads(capsys.readouterr().out)
        assert said.keys() == {"error", "hint", "exit_code"}
        assert said["exit_code"] == 1
        assert said["hint"].startswith(hint)


def test_a_word_that_a_variable_has_left_empty_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As any other that is not understood; it does not mean the newest boot, either."""
    assert main([""]) == 2
    assert capsys.readouterr().err.startswith("bootheal: cannot understand '': there is no such command")


def test_an_account_may_be_called_as_kubernetes_lets_it() -> None:
    """A ServiceAccount's name may have dots, which a namespace's may not."""
    options = make_parser().parse_args(["rbac", "--account", "ops.bootheal", "--namespace", "ops"])
    assert (options.account, options.namespace) == ("ops.bootheal", "ops")


def test_help_fits_a_terminal_and_each_command_has_its_own_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eighty columns, as most have at least."""
    monkeypatch.setenv("COLUMNS", "80")
    texts = [make_parser().format_help()]
    for command in COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        texts.append(capsys.readouterr().out)
    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []
    assert all(f"\n    {command} " in texts[0] for command in COMMANDS)


def test_a_terminal_is_spared_an_archive() -> None:
    """It is bytes that a terminal would obey. Exit code 2, and nothing is looked at."""
    ours, terminal = os.openpty()
    program = "import sys, bootheal.cli as cli; sys.exit(cli.main(['bundle', '-o', '-']))"
    with os.fdopen(ours), os.fdopen(terminal, "w") as stdout:
        run = [sys.executable, "-c", program]
        done = subprocess.run(run, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("bootheal: cannot write an archive to a terminal\n")


def test_a_process_without_descriptors_is_no_bug() -> None:
    """It says so, though it can open nothing any more to say it with. Exit code 1."""
    program = "import resource, sys, bootheal.cli as cli; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))"
    run = [sys.executable, "-c", f"{program}; sys.exit(cli.main(['explain', 'disk-full']))"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bootheal: cannot go on: Too many open files\n  see ulimit -n, ")


def test_the_version_is_told_without_what_only_commands_need() -> None:
    """A shell asks for it at each prompt, perhaps."""
    program = "import sys, bootheal.cli\ntry: bootheal.cli.main(['--version'])\nfinally: print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.startswith("bootheal ")
    assert {"logging", "yaml", "difflib", "bootheal.model"}.isdisjoint(told.split())
