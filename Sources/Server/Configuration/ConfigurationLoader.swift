internal import Configuration
internal import Foundation
internal import Wire

/// Reads the settings of one start: flags over environment over file over defaults.
package struct ConfigurationLoader: Sendable {
    /// Flags given, by flag name such as `--listen`, each with its values in order.
    package var flags: [String: [String]]
    package var environment: [String: String]
    /// The file named by `--config`; without one there is none.
    package var file: String?

    package init(flags: [String: [String]] = [:], environment: [String: String] = [:], file: String? = nil) {
        self.flags = flags
        self.environment = environment
        self.file = file
    }

    /// Reads everything, or refuses at the first thing that is wrong.
    package func load() throws(ConfigurationError) -> Settings {
        try refuseMisspelledVariables()
        let file = try file.map { path throws(ConfigurationError) in try ConfigurationFile(path: path) }
        let layers: [any ConfigSnapshot] =
            [
                flagProvider().snapshot(),
                EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "causeway").snapshot(),
            ] + (file.map { [$0.snapshot] } ?? [])

        var settings = Settings()
        var origins: [String: ConfigurationError.Origin] = [:]
        for key in ConfigurationKey.all {
            guard let (values, origin) = try find(key, in: layers, file: file) else { continue }
            origins[key.name] = origin
            do throws(InvalidValue) {
                try key.apply(&settings, values)
            } catch {
                throw ConfigurationError(origin, key: key.name, reason: error.reason, remedy: error.remedy)
            }
        }
        try check(settings, origins)
        return settings
    }

    /// The highest layer that holds `key`, and what it holds.
    private func find(
        _ key: ConfigurationKey, in layers: [any ConfigSnapshot], file: ConfigurationFile?
    ) throws(ConfigurationError) -> (values: [String], origin: ConfigurationError.Origin)? {
        let path = AbsoluteConfigKey(key.name.split(separator: ".").map(String.init))
        for (index, layer) in layers.enumerated() {
            let origin: ConfigurationError.Origin =
                switch index {
                case 0: .flag(key.flag ?? key.name)
                case 1: .environment(key.environmentVariable)
                default: .file(file?.path ?? "", line: file?.lines[key.name])
                }
            do {
                // A list may be written as one value; a single value may not be written as a list.
                if key.isList, let lookup = try? layer.value(forKey: path, type: .stringArray) {
                    if case .stringArray(let values)? = lookup.value?.content {
                        return (values.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }, origin)
                    }
                } else if case .string(let text)? = try layer.value(forKey: path, type: .string).value?.content {
                    return (key.isList && text.isEmpty ? [] : [text], origin)
                }
            } catch {
                throw ConfigurationError(
                    origin, key: key.name, reason: "holds something of another shape",
                    remedy: key.isList ? "give a list of values" : "give one value")
            }
        }
        return nil
    }

    private func flagProvider() -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for key in ConfigurationKey.all {
            guard let flag = key.flag, let texts = flags[flag], let last = texts.last else { continue }
            let path = AbsoluteConfigKey(key.name.split(separator: ".").map(String.init))
            values[path] = ConfigValue(key.isList ? .stringArray(texts) : .string(last), isSecret: false)
        }
        return InMemoryProvider(name: "flags", values: values)
    }

    /// Refuses a `CAUSEWAY_…` variable that is nearly one of ours: it would be ignored silently.
    private func refuseMisspelledVariables() throws(ConfigurationError) {
        let prefix = "CAUSEWAY_"
        let known = Set(ConfigurationKey.all.map { String($0.environmentVariable.dropFirst(prefix.count)) })
        for variable in environment.keys.sorted() where variable.hasPrefix(prefix) {
            let rest = String(variable.dropFirst(prefix.count))
            // Other programs of the same house have variables of their own: only a near miss is an error.
            guard !known.contains(rest), let meant = Spelling.nearest(to: rest, in: known, tolerance: 4) else { continue }
            throw ConfigurationError(
                .environment(variable), reason: "is not a setting", remedy: "did you mean \(prefix)\(meant)?")
        }
    }

    /// Refuses settings that do not fit together.
    private func check(
        _ settings: Settings, _ origins: [String: ConfigurationError.Origin]
    ) throws(ConfigurationError) {
        func refuse(_ key: String, _ reason: String, _ remedy: String) throws(ConfigurationError) {
            throw ConfigurationError(origins[key] ?? .flag("--config"), key: key, reason: reason, remedy: remedy)
        }
        let (tls, admission) = (settings.tls, settings.admission)
        if tls.certificate.isEmpty != tls.key.isEmpty {
            let given = tls.certificate.isEmpty ? "tls.key" : "tls.certificate"
            try refuse(given, "needs the other of certificate and key", "give both --tls-certificate and --tls-key")
        }
        if settings.plainHTTP, !tls.certificate.isEmpty {
            try refuse("plain-http", "leaves the certificate unused", "drop either --plain-http or the certificate")
        }
        if admission.mode == .list, admission.list.isEmpty {
            try refuse("admission.mode", "has no list", "name the file of node keys with --admission-list")
        }
        if admission.mode == .url, !admission.url.hasPrefix("http://"), !admission.url.hasPrefix("https://") {
            try refuse("admission.mode", "has no address to ask", "name it with --admission-url https://…")
        }
        if let alternate = settings.stun.alternate {
            let first = settings.stun.listen.first { $0.address.family == alternate.address.family }
            guard let first, first.address != alternate.address, first.port != alternate.port || first.port == 0,
                !first.address.isUnspecified, !alternate.address.isUnspecified
            else {
                return try refuse(
                    "stun.alternate", "must differ from --stun in address and port, both being addresses of this machine",
                    "give for example --stun 192.0.2.1:3478 --stun-alternate 192.0.2.2:3479")
            }
        }
    }
}
