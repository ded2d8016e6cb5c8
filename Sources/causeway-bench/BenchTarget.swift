internal import ArgumentParser
internal import Foundation
internal import TLS
internal import Wire

/// A relay to measure: where it listens and how it proves itself.
struct BenchTarget {
    let host: String
    let port: UInt16
    /// Nil for plain HTTP.
    let proof: TLSPeer.Proof?

    /// Parses `https://HOST[:PORT]` or `http://HOST[:PORT]`.
    init(url text: String, pin: String?, isInsecure: Bool) throws {
        guard let url = URL(string: text), let host = url.host(percentEncoded: false),
            url.scheme == "https" || url.scheme == "http"
        else { throw ValidationError("\(text) is no URL of a relay: write https://HOST:PORT or http://HOST:PORT") }
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let isPlain = url.scheme == "http"
        port = UInt16(clamping: url.port ?? (isPlain ? 80 : 443))
        if isPlain {
            proof = nil
        } else if let pin {
            guard let pin = CertificatePin(pin) else {
                throw ValidationError("a pin is sha256-raw: and 64 hexadecimal digits, as the server prints it")
            }
            proof = .pin(pin)
        } else {
            proof = isInsecure ? .nothing : .name(self.host)
        }
    }

    /// What goes into the HTTP header `Host`.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
