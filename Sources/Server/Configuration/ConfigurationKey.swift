/// One setting: its name in the file, its flag, how its text becomes a value and back.
package struct ConfigurationKey: Sendable {
    /// The dotted name in the file, such as `stun.alternate`; `CAUSEWAY_STUN_ALTERNATE` in the environment.
    package let name: String
    /// The flag of `causeway-server serve`, where there is one.
    package let flag: String?
    /// Whether the setting is a list.
    package let isList: Bool
    /// Whether a running server takes the setting over at `SIGHUP`; others need a restart.
    package let isReloadable: Bool
    let apply: @Sendable (inout Settings, [String]) throws(InvalidValue) -> Void
    let show: @Sendable (Settings) -> [String]
    /// Takes the setting over from other settings.
    let copy: @Sendable (inout Settings, Settings) -> Void

    /// The environment variable that overrides the file.
    package var environmentVariable: String {
        "CAUSEWAY_" + name.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    }

    /// The values that the settings have for this setting, in the form the file takes: none for a default that depends on the host.
    package func values(of settings: Settings) -> [String] { show(settings) }
}

extension ConfigurationKey {
    /// A setting of one value.
    static func scalar<Value>(
        _ name: String, flag: String? = nil, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ form: ValueForm<Value>,
        isReloadable: Bool = false
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, flag: flag, isList: false, isReloadable: isReloadable,
            apply: { (settings, texts) throws(InvalidValue) in
                guard texts.count == 1 else {
                    throw InvalidValue(reason: "takes one value and got \(texts.count)", remedy: "give \(form.remedy)")
                }
                settings[keyPath: path] = try form.read(texts[0])
            },
            show: { [form.write($0[keyPath: path])] }, copy: { $0[keyPath: path] = $1[keyPath: path] })
    }

    /// A setting of any number of values.
    static func list<Value>(
        _ name: String, flag: String? = nil, _ path: any WritableKeyPath<Settings, [Value]> & Sendable, _ form: ValueForm<Value>
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, flag: flag, isList: true, isReloadable: false,
            apply: { (settings, texts) throws(InvalidValue) in
                var values: [Value] = []
                for text in texts { values.append(try form.read(text)) }
                settings[keyPath: path] = values
            },
            show: { $0[keyPath: path].map(form.write) }, copy: { $0[keyPath: path] = $1[keyPath: path] })
    }
}

extension ConfigurationKey {
    /// Every setting there is, in the order of the documented file.
    package static let all: [ConfigurationKey] = [
        .scalar("data", flag: "--data", \.data, .text("a directory", isRequired: true)),
        .scalar("name", flag: "--name", \.name, .text("a name")),
        .list("listen", flag: "--listen", \.listen, .endpoint),
        .list("public-hosts", flag: "--public-host", \.publicHosts, .host),
        .scalar("plain-http", flag: "--plain-http", \.plainHTTP, .boolean),
        .scalar("admin", flag: "--admin", \.admin, .optionalEndpoint),
        .list("trusted-proxies", \.trustedProxies, .prefix),
        .list("bootstrap-dns", \.bootstrapNames, .host),
        .scalar("node-lifetime", \.nodeLifetime, .optionalSeconds(60...315_360_000), isReloadable: true),
        .scalar("tls.certificate", flag: "--tls-certificate", \.tls.certificate, .text("a PEM file"), isReloadable: true),
        .scalar("tls.key", flag: "--tls-key", \.tls.key, .text("a PEM file"), isReloadable: true),
        .scalar("stun.enabled", \.stun.isEnabled, .boolean),
        .list("stun.listen", flag: "--stun", \.stun.listen, .endpoint),
        .scalar("stun.alternate", flag: "--stun-alternate", \.stun.alternate, .optionalEndpoint),
        .scalar("admission.mode", flag: "--admission", \.admission.mode, .choice()),
        .scalar("admission.list", flag: "--admission-list", \.admission.list, .text("a file of node keys"), isReloadable: true),
        .scalar("admission.url", flag: "--admission-url", \.admission.url, .text("an http or https address")),
        .scalar("relay.shards", \.relay.shards, .integer(0...32)),
        .scalar("relay.mesh-key", flag: "--mesh-key", \.relay.meshKey, .text("a file with 64 hexadecimal digits")),
        .scalar("relay.write-timeout", \.relay.writeTimeout, .seconds(1...3_600)),
        .scalar("relay.bytes-per-second", \.relay.bytesPerSecond, .integer(0...1_000_000_000_000), isReloadable: true),
        .scalar("relay.burst-bytes", \.relay.burstBytes, .integer(0...1_000_000_000), isReloadable: true),
        .scalar("relay.connections", \.relay.connections, .integer(0...10_000_000), isReloadable: true),
        .scalar("limits.connections", \.limits.connections, .integer(1...1_000_000), isReloadable: true),
        .scalar("limits.connections-per-source", \.limits.connectionsPerSource, .integer(1...1_000_000), isReloadable: true),
        .scalar("limits.requests-per-second", \.limits.requestsPerSecond, .number(0.1...1_000_000), isReloadable: true),
        .scalar("limits.request-burst", \.limits.requestBurst, .number(1...1_000_000), isReloadable: true),
        .scalar(
            "limits.anonymous-requests-per-second", \.limits.anonymousRequestsPerSecond, .number(0.1...1_000_000),
            isReloadable: true),
        .scalar("limits.anonymous-request-burst", \.limits.anonymousRequestBurst, .number(1...1_000_000), isReloadable: true),
        .scalar("limits.node-requests-per-second", \.limits.nodeRequestsPerSecond, .number(0.1...1_000_000), isReloadable: true),
        .scalar("limits.node-request-burst", \.limits.nodeRequestBurst, .number(1...1_000_000), isReloadable: true),
        .scalar("limits.nodes-per-network", \.limits.nodesPerNetwork, .integer(1...1_000_000), isReloadable: true),
        .scalar("limits.streams", \.limits.streams, .integer(1...1_000_000), isReloadable: true),
        .scalar("log.format", flag: "--log-format", \.log.format, .choice()),
        .scalar("log.level", flag: "--log-level", \.log.level, .choice()),
    ]
}
