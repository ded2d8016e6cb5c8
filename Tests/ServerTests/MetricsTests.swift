import Foundation
import Testing

@testable import Server

struct MetricsTests {
    private var lines: [String] { StatisticsReport().metrics.split(separator: "\n").map(String.init) }

    @Test func everyMetricHasHelpAndTypeOnceBeforeItsSamples() {
        var described: Set<String> = []
        var typed: Set<String> = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                #expect(described.insert(words[2]).inserted)
                #expect(words.count == 4 && !words[3].isEmpty)
            } else if line.hasPrefix("# TYPE ") {
                #expect(typed.insert(words[2]).inserted)
                #expect(["counter", "gauge", "untyped"].contains(words[3]))
            } else {
                let name = String(words[0].prefix { $0 != "{" })
                #expect(described.contains(name) && typed.contains(name), "\(name)")
            }
        }
        #expect(described == typed)
    }

    @Test func countersEndInTotalAndNothingElseDoes() {
        for line in lines where line.hasPrefix("# TYPE ") {
            let words = line.split(separator: " ").map(String.init)
            #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
        }
    }

    @Test(arguments: [
        "derp_accepts", "derp_bytes_received", "derp_bytes_sent", "derp_packets_received", "derp_packets_sent",
        "derp_packets_received_kind", "derp_packets_dropped", "derp_bytes_dropped", "derp_packets_forwarded_in",
        "derp_peer_gone_disconnected_frames", "derp_peer_gone_not_here_frames", "derp_got_ping", "derp_sent_pong",
        "derp_home_moves_in", "derp_home_moves_out", "derp_unknown_frames", "derp_sclient_write_timeouts",
        "derp_current_connections", "derp_current_home_connections", "derp_current_notideal_connections",
        "derp_current_dup_client_keys", "derp_current_dup_client_conns", "derp_total_dup_client_conns", "derp_clients_local",
        "derp_watchers", "derp_websocket_accepts", "stun_requests", "stun_addrfamily",
    ])
    func whatDerperCountsHasDerpersName(name: String) {
        #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") })
    }

    @Test func labelValuesAreEscaped() {
        var page = PrometheusText()
        page.write("x", .gauge, "Help.", [([("a", "q\"b\\s\nl")], 1.5)])
        #expect(page.text == "# HELP x Help.\n# TYPE x gauge\nx{a=\"q\\\"b\\\\s\\nl\"} 1.5\n")
    }
}
