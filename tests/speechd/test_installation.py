import os
from pathlib import Path

import pytest

from tiedtts.errors import ConfigError, OutputError, VoiceError
from tiedtts.speechd import installation, options, server_configuration
from tiedtts.speechd.places import Places
from tiedtts_cli.main import main

LISTED = '# mine\nAddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"\nDefaultRate 20'
PLAIN = "# mine\n#AddModule no\nDefaultRate 20\n"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "speechd.conf").write_text(PLAIN)
    return Places(
        configuration=tmp_path / "config" / "speech-dispatcher",
        data=tmp_path / "share",
        system=tmp_path / "etc",
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_it_comes_and_goes_without_a_trace(places: Places, tmp_path: Path) -> None:
    before = contents(tmp_path)
    done = installation.install(places)
    assert len(done) == 2
    assert os.access(places.program, os.X_OK)
    assert places.data.is_dir()
    # A server that looks for modules itself would find no other any more, were ours named.
    assert not places.server.exists()
    assert options.read(places.module) == options.Options()
    assert installation.install(places) == done
    installation.uninstall(places)
    assert contents(tmp_path) == before
    assert installation.uninstall(places) == []


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("default", [False, True])
def test_what_stands_in_a_users_configuration_stays(places: Places, ending: str, default: bool) -> None:
    places.server.parent.mkdir(parents=True)
    places.server.write_text(LISTED + ending)
    for _ in range(2):
        installation.install(places, default=default)
        text = places.server.read_text()
        assert text.startswith(LISTED)
        assert text.count('AddModule "tiedtts"') == 1
        assert text.count("DefaultModule tiedtts") == default
    installation.uninstall(places)
    assert places.server.read_text() == LISTED + ending


def test_a_configuration_of_the_system_that_names_modules_is_copied(places: Places) -> None:
    (places.system / "speechd.conf").write_text(LISTED)
    installation.install(places)
    assert places.server.read_text().startswith(LISTED)
    installation.uninstall(places)
    assert not places.server.exists()


def test_a_user_who_named_the_module_is_left_alone() -> None:
    text = 'AddModule "tiedtts" "/opt/mine" "x.conf"\nAddModule "espeak-ng" "sd_espeak-ng" ""\n'
    assert server_configuration.with_module(text, "/p", default=False) == text


def test_settings_of_the_module_are_kept_and_replaced(places: Places, tmp_path: Path) -> None:
    installation.install(places, voice="kathleen")
    installation.install(places)
    assert options.read(places.module).voice == "kathleen"
    lexicon = tmp_path / "my names.txt"
    lexicon.write_text("")
    edited = "# my own words\n" + places.module.read_text()
    places.module.write_text(edited)
    installation.install(places, lexicon=[str(lexicon)])
    assert places.module.read_text().startswith(edited)
    assert options.read(places.module) == options.Options(voice="kathleen", lexicon=(str(lexicon),))
    assert any("kept" in line for line in installation.uninstall(places))
    assert places.module.exists()


def test_what_cannot_be_done_changes_nothing(places: Places, tmp_path: Path) -> None:
    before = contents(tmp_path)
    with pytest.raises(VoiceError, match="no such voice"):
        installation.install(places, voice="nobody")
    with pytest.raises(ConfigError, match="there is no file"):
        installation.install(places, lexicon=[str(tmp_path / "nothing.txt")])
    assert contents(tmp_path) == before
    places.program.parent.mkdir(parents=True)
    places.program.write_text("#!/bin/sh\n# somebody's own\n")
    for change in (lambda: installation.install(places), lambda: installation.uninstall(places)):
        with pytest.raises(OutputError, match="not ours"):
            change()
    assert not places.module.exists()


def test_lines_that_are_not_understood_are_told(tmp_path: Path) -> None:
    path = tmp_path / "tiedtts.conf"
    path.write_text('# words\nTiedTTSVoice "kathleen" # best\nDebug 1\nTiedTTSLexicon\n"\n')
    found = options.read(path)
    assert found.voice == "kathleen"
    assert [warning.rpartition(": ")[2] for warning in found.warnings] == ["Debug 1", "TiedTTSLexicon", '"']
    assert options.read(tmp_path / "missing.conf") == options.Options()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--install", "--uninstall"],
        ["--voice", "clara"],
        ["--default"],
        ["--install", "x.conf"],
        ["--lexicon", "x"],
    ],
)
def test_arguments_that_do_not_go_together(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speechd", *arguments]) == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="has no Speech Dispatcher")
def test_the_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert main(["speechd", "--install"]) == 0
    err = capsys.readouterr().err
    assert str(tmp_path / ".local/libexec/speech-dispatcher-modules/sd_tiedtts") in err
    assert main(["speechd", "--uninstall"]) == 0
    assert "removed" in capsys.readouterr().err
    assert main(["speechd", "--uninstall"]) == 0
    assert "nothing of it was installed" in capsys.readouterr().err
