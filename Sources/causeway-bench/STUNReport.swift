/// The figures of a STUN run.
struct STUNReport: Codable {
    var command = "stun"
    var target: String
    var sockets: Int
    var window: Int
    var requestsPerSecond: Double
    var lost: Int
    var p50Microseconds: Double?
    var p99Microseconds: Double?
    var generatorMicrosecondsPerRequest: Double
    var serverMicrosecondsPerRequest: Double?
    var serverUserPart: Double?

    var rows: [(String, String)] {
        var rows = [
            ("answered", "\(Table.number(requestsPerSecond, 0)) requests/s, \(lost) lost"),
            ("latency p50 / p99", Table.microseconds([p50Microseconds, p99Microseconds])),
            ("generator CPU", "\(Table.number(generatorMicrosecondsPerRequest, 2)) µs per request"),
        ]
        if let serverMicrosecondsPerRequest, let serverUserPart {
            let share = "\(Table.number(100 * serverUserPart, 0)) % in user space"
            rows.append(("server CPU", "\(Table.number(serverMicrosecondsPerRequest, 2)) µs per request, \(share)"))
        }
        return rows
    }
}
