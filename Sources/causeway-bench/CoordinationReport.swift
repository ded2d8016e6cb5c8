/// The figures of a coordination run.
struct CoordinationReport: Codable {
    var command = "coordination"
    var target: String
    var nodes: Int
    var registrationsPerSecond: Double
    var registrationP99Microseconds: Double?
    var updatesPerSecond: Double
    var updateP99Microseconds: Double?
    var streams: Int
    var fanOutP50Microseconds: Double?
    var fanOutP99Microseconds: Double?
    /// Streams that did not hear of an update within two seconds, over all updates.
    var missing: Int
    var serverMillisecondsPerRegistration: Double?
    var serverMillisecondsPerUpdate: Double?

    var rows: [(String, String)] {
        var rows = [
            (
                "registrations",
                "\(Table.number(registrationsPerSecond, 0)) per second, p99 \(Table.microseconds([registrationP99Microseconds]))"
            ),
            ("updates", "\(Table.number(updatesPerSecond, 0)) per second, p99 \(Table.microseconds([updateP99Microseconds]))"),
            ("fan-out p50 / p99", "\(Table.microseconds([fanOutP50Microseconds, fanOutP99Microseconds])), \(missing) missing"),
        ]
        if let serverMillisecondsPerRegistration, let serverMillisecondsPerUpdate {
            rows.append(
                (
                    "server CPU",
                    "\(Table.number(serverMillisecondsPerRegistration, 3)) ms per registration, "
                        + "\(Table.number(serverMillisecondsPerUpdate, 3)) ms per update"
                ))
        }
        return rows
    }
}
