"""Starts the built programs as real processes and talks to them."""

import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CAUSEWAY_BIN", ROOT / ".build-release/release"))


class ProgramError(Exception):
    """A program did not do what the test needs before it can test anything."""


def wait_until(check, seconds, what):
    """Calls `check` until it answers something true, which it returns; the error names `what` and what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise ProgramError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Running:
    """A program in the foreground, with its lines kept as they come."""

    def __init__(self, *words, space=None, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.words = [str(word) for word in words]
        command = ["ip", "netns", "exec", space.full_name, *self.words] if space else self.words
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env={**os.environ, **(env or {})}, cwd=cwd)
        self.out, self.err = [], []
        self._threads = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for thread in self._threads:
            thread.start()

    def _read(self, pipe, lines):
        for line in pipe:
            lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        return "\n".join(self.out + self.err)

    def wait_for_line(self, pattern, seconds=10):
        """The first match of `pattern` in a line of either output."""
        def search():
            for line in list(self.out) + list(self.err):
                found = re.search(pattern, line)
                if found:
                    return found
            if self.process.poll() is not None and not any(thread.is_alive() for thread in self._threads):
                raise ProgramError(f"{self.words} ended with {self.process.returncode}:\n{self.text()}")
            return None
        try:
            return wait_until(search, seconds, f"{pattern!r} from {self.words}")
        except ProgramError as error:
            raise ProgramError(f"{error}\nit printed:\n{self.text()}") from None

    def wait(self, seconds=10):
        """The exit code; a program that does not end in time is an error."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{self.words} did not end within {seconds} s:\n{self.text()}") from None
        for thread in self._threads:
            thread.join(2)
        return code

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=8):
        """Ends the program as an operator would, by SIGTERM, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except ProgramError:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def run(*words, space=None, seconds=30, env=None, stdin=None, cwd=None):
    """Runs a program to its end: an object with `returncode`, `stdout`, `stderr`."""
    words = [str(word) for word in words]
    command = ["ip", "netns", "exec", space.full_name, *words] if space else words
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=seconds, input=stdin,
        env={**os.environ, **(env or {})}, cwd=cwd)
