"""A certificate authority of the tests' own, by the openssl program."""

import pathlib

from programs import ProgramError, run


def openssl(*words):
    done = run("openssl", *words)
    if done.returncode != 0:
        raise ProgramError(f"openssl {words}: {done.stderr}")


class Authority:
    """Makes a root, and certificates under it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.certificate, self._key = self.directory / "root.pem", self.directory / "root.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=Test root",
            "-keyout", self._key, "-out", self.certificate)

    def issue(self, name, file):
        """The paths of a new certificate for `name` and of its key."""
        request, certificate, key = (self.directory / f"{file}.{end}" for end in ("csr", "pem", "key"))
        extensions = self.directory / f"{file}.ext"
        extensions.write_text(f"subjectAltName=DNS:{name},IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key,
            "-out", request)
        openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-days", "20", "-extfile", extensions,
            "-out", certificate)
        return certificate, key
