extension Settings {
    /// These settings with all that a running server can take over from fresh ones, and the names of the others that differ.
    func reloading(_ fresh: Settings) -> (settings: Settings, needRestart: [String]) {
        var settings = self
        var needRestart: [String] = []
        for key in ConfigurationKey.all {
            if key.isReloadable {
                key.copy(&settings, fresh)
            } else if key.values(of: self) != key.values(of: fresh) {
                needRestart.append(key.name)
            }
        }
        // A certificate belongs to the choice between TLS and plain HTTP, and a list to the admission mode: those wait for a restart.
        if fresh.plainHTTP != plainHTTP { settings.tls = tls }
        if fresh.admission.mode != admission.mode { settings.admission.list = admission.list }
        return (settings, needRestart)
    }
}
