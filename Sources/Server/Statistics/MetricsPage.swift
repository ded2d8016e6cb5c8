/// `/metrics`: the report in Prometheus's words.
///
/// Where derper counts the same thing the name is derper's. Its counters lack the suffix `_total` that Prometheus wants of the type
/// `counter`, so they are declared `untyped` here: the names stay, and `promtool check metrics` has nothing to say.
/// Two names it would not take: derper's `derp_average_queue_duration_ms` is `causeway_relay_queue_duration_seconds` here, and
/// `derp_clients_total`, a gauge, is left out (`derp_clients_local` has the same value).
extension StatisticsReport {
    var metrics: String {
        var page = PrometheusText()
        writeRelay(to: &page)
        writeRelayDetails(to: &page)
        writeSTUN(to: &page)
        writeServer(to: &page)
        return page.text
    }

    private func writeRelay(to page: inout PrometheusText) {
        page.write("derp_accepts", .untyped, "Connections taken over by the relay.", relay.accepts)
        page.write("derp_websocket_accepts", .untyped, "Those of them that came by WebSocket.", relay.webSocketAccepts)
        page.write("derp_bytes_received", .untyped, "Bytes of packet data received from clients.", relay.bytesReceived)
        page.write("derp_bytes_sent", .untyped, "Bytes of packet data sent to clients.", relay.bytesSent)
        page.write("derp_packets_received", .untyped, "Packets received from clients.", relay.packetsReceived)
        page.write("derp_packets_sent", .untyped, "Packets sent to clients.", relay.packetsSent)
        let disco = relay.discoPacketsReceived
        page.write(
            "derp_packets_received_kind", .untyped, "Packets received, by what they look like.",
            [
                ([("kind", "disco")], Double(disco)),
                ([("kind", "other")], Double(relay.packetsReceived &- min(disco, relay.packetsReceived))),
            ])
        page.write(
            "derp_packets_dropped", .untyped, "Packets not delivered, by reason and kind.",
            relay.drops.map { ([("reason", $0.reason), ("kind", $0.kind)], Double($0.packets)) })
        page.write(
            "derp_bytes_dropped", .untyped, "Bytes of packet data not delivered, by reason and kind.",
            relay.drops.map { ([("reason", $0.reason), ("kind", $0.kind)], Double($0.bytes)) })
        page.write("derp_packets_forwarded_in", .untyped, "Packets that other relays forwarded here.", relay.packetsForwardedIn)
        page.write(
            "derp_peer_gone_disconnected_frames", .untyped, "Notices that a peer has left.", relay.peerGoneDisconnectedFrames)
        page.write("derp_peer_gone_not_here_frames", .untyped, "Notices that a peer is not here.", relay.peerGoneNotHereFrames)
        page.write("derp_got_ping", .untyped, "Pings received.", relay.pings)
        page.write("derp_sent_pong", .untyped, "Pongs sent.", relay.pongs)
        page.write("derp_home_moves_in", .untyped, "Clients that made this relay their home.", relay.homeMovesIn)
        page.write("derp_home_moves_out", .untyped, "Clients that made another relay their home.", relay.homeMovesOut)
        page.write("derp_unknown_frames", .untyped, "Frames of unknown type, passed over.", relay.unknownFrames)
        page.write("derp_sclient_write_timeouts", .untyped, "Clients cut off because they took nothing.", relay.writeTimeouts)
        page.write("derp_current_connections", .gauge, "Open relay connections.", relay.connections)
        page.write("derp_current_home_connections", .gauge, "Those that call this relay their home.", relay.homeClients)
        page.write("derp_current_notideal_connections", .gauge, "Those that would prefer another node.", relay.notIdealClients)
        page.write("derp_current_dup_client_keys", .gauge, "Keys with more than one connection.", relay.duplicateKeys)
        page.write("derp_current_dup_client_conns", .gauge, "Connections of those keys.", relay.duplicateKeyConnections)
        page.write("derp_total_dup_client_conns", .untyped, "Connections that came for a key in use.", relay.duplicateConnections)
        page.write("derp_clients_local", .gauge, "Keys connected to this relay.", relay.clientKeys)
        page.write("derp_current_file_descriptors", .gauge, "Open file descriptors.", openFiles)
        page.write("derp_watchers", .gauge, "Connections that watch the others.", relay.watchers)
    }

    private func writeRelayDetails(to page: inout PrometheusText) {
        page.write(
            "causeway_relay_queue_duration_seconds", .gauge, "Moving average of the time that a packet waits in a queue.",
            [([], relay.averageQueueMicroseconds / 1e6)])
        page.write("causeway_relay_logins_total", .counter, "Clients that logged in.", relay.logins)
        page.write("causeway_relay_keep_alives_total", .counter, "Keep-alive frames sent.", relay.keepAlives)
        page.write(
            "causeway_relay_back_pressure_pauses_total", .counter, "Pauses in reading from a source whose destination is full.",
            relay.backPressurePauses)
        page.write("causeway_relay_rate_limit_pauses_total", .counter, "Pauses for a client's rate limit.", relay.rateLimitPauses)
        page.write(
            "causeway_relay_moves_total", .counter, "Connections moved to the thread of the peer they talk to.", relay.moves)
        page.write(
            "causeway_relay_closes_total", .counter, "Relay connections ended, by reason.",
            relay.closes.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        page.write(
            "causeway_relay_admissions_total", .counter, "Admission decisions.",
            [([("decision", "allow")], Double(admitted)), ([("decision", "deny")], Double(denied))])
    }

    private func writeSTUN(to page: inout PrometheusText) {
        let answered = stun.answeredIPv4 &+ stun.answeredIPv6
        page.write(
            "stun_requests", .untyped, "STUN datagrams by what became of them.",
            [
                ([("disposition", "success")], Double(answered)), ([("disposition", "not_stun")], Double(stun.notSTUN)),
                ([("disposition", "ignored")], Double(stun.ignored)), ([("disposition", "limited")], Double(stun.limited)),
                ([("disposition", "read_error")], Double(stun.readErrors)),
                ([("disposition", "write_error")], Double(stun.writeErrors)),
            ])
        page.write(
            "stun_addrfamily", .untyped, "STUN requests answered, by address family.",
            [([("family", "ipv4")], Double(stun.answeredIPv4)), ([("family", "ipv6")], Double(stun.answeredIPv6))])
        page.write("causeway_stun_request_bytes_total", .counter, "Bytes of the STUN requests answered.", stun.requestBytes)
        page.write("causeway_stun_reply_bytes_total", .counter, "Bytes of the STUN replies.", stun.replyBytes)
    }

    private func writeServer(to page: inout PrometheusText) {
        page.write("causeway_networks", .gauge, "Networks.", coordination.networks)
        page.write("causeway_nodes", .gauge, "Nodes of all networks.", coordination.nodes)
        page.write("causeway_nodes_online", .gauge, "Nodes with a relay connection or a stream.", coordination.onlineNodes)
        page.write("causeway_join_keys", .gauge, "Join keys remembered, dead ones included.", coordination.joinKeys)
        page.write("causeway_streams", .gauge, "Open peer streams.", coordination.streams)
        page.write(
            "causeway_streams_dropped_total", .counter, "Streams closed because their reader was too slow.",
            coordination.droppedStreams)
        page.write("causeway_changes_notified_total", .counter, "Changes told to streams.", coordination.changesNotified)
        page.write("causeway_changes_stored_total", .counter, "Changes given to the store.", coordination.changesStored)
        page.write("causeway_http_connections", .gauge, "Open connections that are not relay connections.", http.open)
        page.write("causeway_http_connections_accepted_total", .counter, "Connections accepted.", http.accepted)
        page.write("causeway_http_connections_refused_total", .counter, "Connections refused for their limit.", http.refused)
        page.write("causeway_half_open_connections", .gauge, "Connections before their first request.", http.halfOpen)
        page.write("causeway_first_request_timeouts_total", .counter, "Connections that sent no request in time.", http.timeouts)
        page.write(
            "causeway_tls_handshakes_total", .counter, "TLS handshakes, by version.",
            [([("version", "1.2")], Double(http.handshakesTLS12)), ([("version", "1.3")], Double(http.handshakesTLS13))])
        page.write("causeway_tls_resumed_total", .counter, "TLS handshakes that resumed a session.", http.resumedHandshakes)
        page.write(
            "causeway_tls_failures_total", .counter, "TLS handshakes that failed, by reason.",
            http.tlsFailures.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        page.write(
            "causeway_http_responses_total", .counter, "HTTP answers, by the class of their status.",
            http.responses.sorted { $0.key < $1.key }.map { ([("class", $0.key)], Double($0.value)) })
        page.write("causeway_build_info", .gauge, "The version, as a label.", [([("version", version)], 1)])
        page.write("causeway_uptime_seconds", .gauge, "Seconds since the start.", [([], uptimeSeconds)])
        page.write("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", residentBytes)
        page.write("process_open_fds", .gauge, "Number of open file descriptors.", openFiles)
    }
}
