"""Settings that are wrong: one line that names place, key and remedy, and exit code 2."""

import re
import socket

import pytest

from causeway import SERVER, Server
from programs import ROOT, run


def check(text, directory, env=None):
    file = directory / "causeway-server.yaml"
    file.write_text(text)
    return run(SERVER, "check-config", "--config", file, env=env)


@pytest.mark.parametrize("text, line, words", [
    ("log:\n  format: json\n  colour: red\n", 3, ["log.colour", "unknown"]),
    ("lissten: [127.0.0.1:443]\n", 1, ["lissten", "listen"]),
    ("stun:\n  enabled: perhaps\n", 2, ["stun.enabled", "true"]),
    ("limits:\n  connections: -5\n", 2, ["limits.connections"]),
    ("relay:\n  shards: many\n", 2, ["relay.shards"]),
    ("\nadmission:\n  mode: everybody\n", 3, ["admission.mode", "registered"]),
    ("listen: [127.0.0.1]\n", 1, ["listen", "ADDRESS:PORT"]),
    ("listen: ['127.0.0.1:70000']\n", 1, ["listen"]),
])
def test_a_wrong_setting_is_refused_with_line_key_and_remedy(tmp_path, text, line, words):
    done = check(text, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"causeway-server.yaml:{line}: " in done.stderr, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize("text", ["log: [\n", "log:\n\tformat: json\n", "just a text\n"])
def test_a_file_that_is_no_yaml_mapping_is_refused(tmp_path, text):
    done = check(text, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1 and "causeway-server.yaml" in done.stderr, done.stderr


def test_a_file_that_is_not_there_is_refused(tmp_path):
    done = run(SERVER, "serve", "--config", tmp_path / "missing.yaml", "--data", tmp_path)
    assert done.returncode == 2 and "missing.yaml" in done.stderr


@pytest.mark.parametrize("words, code", [
    (["--admission", "everybody"], 2), (["--listen", "nowhere"], 2), (["--no-such-flag"], 64),
    (["--tls-certificate", "/does/not/exist.pem"], 2), (["--admission", "list"], 2)])
def test_a_wrong_flag_is_refused(tmp_path, words, code):
    done = run(SERVER, "serve", "--data", tmp_path, *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1 and words[0] in done.stderr, done.stderr


def test_a_wrong_environment_variable_is_refused(tmp_path):
    done = check("", tmp_path, env={"CAUSEWAY_ADMISSION_MODE": "everybody"})
    assert done.returncode == 2 and "CAUSEWAY_ADMISSION_MODE" in done.stderr


def test_a_flag_overrides_the_environment_which_overrides_the_file(tmp_path):
    file = tmp_path / "causeway-server.yaml"
    file.write_text("name: from-file\nadmission:\n  mode: open\n")
    done = run(
        SERVER, "check-config", "--config", file, "--name", "from-flag",
        env={"CAUSEWAY_NAME": "from-environment", "CAUSEWAY_LOG_LEVEL": "debug"})
    assert done.returncode == 0, done.stderr
    assert "from-flag" in done.stdout and "from-environment" not in done.stdout and "from-file" not in done.stdout
    assert "open" in done.stdout and "debug" in done.stdout


def test_the_documented_file_is_accepted_with_every_line_switched_on(tmp_path):
    """Each setting stands there commented out with its default."""
    commented = (ROOT / "Config/causeway-server.yaml").read_text().splitlines()
    settings = [line[1:] for line in commented if re.match(r"#(  )?[a-z-]+:", line)]
    assert len(settings) > 30
    done = check("\n".join(settings) + "\n", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == check("", tmp_path).stdout


@pytest.mark.parametrize("flag, kind", [("--listen", socket.SOCK_STREAM), ("--stun", socket.SOCK_DGRAM), ("--admin", socket.SOCK_STREAM)])
def test_a_port_that_is_taken_is_refused_by_name(tmp_path, flag, kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = {"--listen": "127.0.0.1:0", "--stun": "127.0.0.1:0", "--admin": "127.0.0.1:0"} | {flag: address}
        done = run(SERVER, "serve", "--data", tmp_path, *(word for pair in flags.items() for word in pair))
        assert done.returncode == 4, done.stdout + done.stderr
        assert len(done.stderr.splitlines()) == 1 and address in done.stderr, done.stderr


def test_commands_without_a_server_say_so(tmp_path):
    done = run(SERVER, "invite", "--data", tmp_path)
    assert done.returncode == 5 and str(tmp_path) in done.stderr and not done.stdout
