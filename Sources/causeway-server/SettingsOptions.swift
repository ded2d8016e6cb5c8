internal import ArgumentParser
internal import Foundation
internal import Server

/// The flags that settings can be given by; what is not given is left to environment, file and defaults.
struct SettingsOptions: ParsableArguments {
    @Option(help: "The YAML file with the settings; Config/causeway-server.yaml documents them.")
    var config: String?
    @Option(help: "The directory of database, keys and admin socket (/var/lib/causeway).")
    var data: String?
    @Option(help: "The name that clients are shown (the host's name).")
    var name: String?
    @Option(help: "Where to listen, as ADDRESS:PORT; port 0 picks one; repeatable ([::]:443).")
    var listen: [String] = []
    @Option(help: "A name or address under which clients reach this server; repeatable (the interfaces' addresses).")
    var publicHost: [String] = []
    @Flag(help: "Speak plain HTTP: for development, or behind a proxy that ends TLS.")
    var plainHttp = false
    @Option(help: "Where statistics are served, or off (127.0.0.1:9478).")
    var admin: String?
    @Option(help: "A PEM file with the certificate chain (self-signed).")
    var tlsCertificate: String?
    @Option(help: "The PEM file with the certificate's private key.")
    var tlsKey: String?
    @Option(help: "Where STUN answers over UDP, as ADDRESS:PORT; repeatable (port 3478 of all addresses).")
    var stun: [String] = []
    @Option(help: "The second address and port for RFC 5780 behaviour discovery (off).")
    var stunAlternate: String?
    @Option(help: "Who may use the relay: registered, open, list or url (registered).")
    var admission: String?
    @Option(help: "The file of node keys for --admission list.")
    var admissionList: String?
    @Option(help: "The address to ask for --admission url.")
    var admissionUrl: String?
    @Option(help: "The file with the key that the relays of one mesh share.")
    var meshKey: String?
    @Option(help: "text or json; json also prints the start-up facts as one JSON object (text).")
    var logFormat: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical (info).")
    var logLevel: String?

    /// Where the settings are read from.
    var loader: ConfigurationLoader {
        let single: [(String, String?)] = [
            ("--data", data), ("--name", name), ("--plain-http", plainHttp ? "true" : nil), ("--admin", admin),
            ("--tls-certificate", tlsCertificate), ("--tls-key", tlsKey), ("--stun-alternate", stunAlternate),
            ("--admission", admission), ("--admission-list", admissionList), ("--admission-url", admissionUrl),
            ("--mesh-key", meshKey), ("--log-format", logFormat), ("--log-level", logLevel),
        ]
        var flags = Dictionary(uniqueKeysWithValues: single.compactMap { flag, value in value.map { (flag, [$0]) } })
        for (flag, values) in [("--listen", listen), ("--public-host", publicHost), ("--stun", stun)] where !values.isEmpty {
            flags[flag] = values
        }
        return ConfigurationLoader(flags: flags, environment: ProcessInfo.processInfo.environment, file: config)
    }
}
