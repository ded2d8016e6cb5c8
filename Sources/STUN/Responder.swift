package import Wire

/// Answers binding requests: a pure function from a datagram to at most one reply.
///
/// - A client of RFC 5389 and later gets XOR-MAPPED-ADDRESS, one of RFC 3489 (no cookie) MAPPED-ADDRESS; an IPv4 client
///   always as family 1, whatever socket it came in on.
/// - A FINGERPRINT is checked, and answered with one.
/// - Attributes that must be understood and are not get 420; responses, indications and everything odd get nothing, so
///   that no two servers can be set to talk to each other.
/// - With `ServerAddresses`, RFC 5780: CHANGE-REQUEST, RESPONSE-PORT, PADDING, OTHER-ADDRESS and RESPONSE-ORIGIN, or
///   their elders SOURCE-ADDRESS and CHANGED-ADDRESS for RFC 3489 clients.
///
/// Replies are as short as the standards allow, since the source of a datagram can be forged: no SOFTWARE, no reason
/// phrase that the request does not pay for. Bytes of a reply for bytes of a request over IPv4 (IPv6):
/// ```
/// bare request                                20 → 32 (44)    the least there is
/// Tailscale's, with SOFTWARE and FINGERPRINT  40 → 40 (52)    32 (44) without the FINGERPRINT that it is owed
/// with another address                        20 → 56 (92)    RFC 5780 wants both further attributes
/// PADDING                                     never more than the request
/// ```
/// An RFC 3489 client that asks for an answer from elsewhere gets none from a server with one address: silence is what
/// it takes for "no answer from there", while an error sends some into a loop that never ends.
package struct Responder: Sendable {
    private let ipv4: ServerAddresses?
    private let ipv6: ServerAddresses?

    /// A responder with one address in each family, or with those of `addresses`, of which one per family counts.
    package init(addresses: [ServerAddresses] = []) {
        ipv4 = addresses.first { $0.primary.address.isIPv4 }
        ipv6 = addresses.first { !$0.primary.address.isIPv4 }
    }

    /// Tells whether a datagram is a STUN message with the cookie, for sockets that carry other things too.
    package static func looksLikeSTUN(_ bytes: RawSpan) -> Bool {
        Header.looksLikeSTUN(bytes)
    }

    /// Appends the reply to `request` to `reply`, or appends nothing.
    ///
    /// - Parameters:
    ///   - request: the whole datagram.
    ///   - source: where it came from.
    ///   - local: the address and port that it was sent to; a wildcard address is in order where there is no other one.
    ///   - reply: a buffer that the caller keeps; nothing is allocated while it has room for 100 bytes, PADDING aside.
    package func respond(
        to request: RawSpan, from source: Endpoint, receivedOn local: Endpoint, into reply: inout ByteWriter
    ) -> Disposition {
        let source = Endpoint(source.address.canonical, source.port)
        let local = Endpoint(local.address.canonical, local.port)
        guard source.port != 0, source.address.isUnicast else { return .ignored(.impossibleSource) }
        let addresses = addresses(for: local)
        let header: Header
        let content: RequestContent
        do {
            header = try Header(parsing: request)
            guard header.end == request.byteCount else { return .ignored(.malformed) }
            guard header.type == .bindingRequest else { return .ignored(.notARequest) }
            content = try RequestContent(request, header: header, hasOtherAddress: addresses != nil)
        } catch .wrongFingerprint {
            return .ignored(.wrongFingerprint)
        } catch {
            return .ignored(.malformed)
        }

        if !header.hasMagicCookie, addresses == nil, !content.change.isEmpty { return .ignored(.noOtherAddress) }
        guard content.unknownCount == 0 else {
            writeUnknownAttributes(request, header, content, hasOtherAddress: addresses != nil, to: &reply)
            return .reply(to: source, from: .same)
        }
        guard content.paddingCount == nil || content.responsePort == nil else {
            writeBadRequest(request, header, content, to: &reply)
            return .reply(to: source, from: .same)
        }
        let origin = ReplyOrigin(content.change)
        let start = reply.count
        Header(.bindingSuccess, cookie: header.cookie, transactionID: header.transactionID).write(to: &reply)
        writeAddresses(of: source, header, origin, local, addresses, to: &reply)
        if let count = content.paddingCount {
            let room = request.byteCount - (reply.count - start) - (content.isFingerprinted ? Fingerprint.byteCount : 0)
            writePadding(min(count, room - AttributeField.overhead), to: &reply)
        }
        reply.finishMessage(startingAt: start, fingerprinted: content.isFingerprinted)
        return .reply(to: Endpoint(source.address, content.responsePort ?? source.port), from: origin)
    }

    private func addresses(for local: Endpoint) -> ServerAddresses? {
        guard let addresses = local.address.isIPv4 ? ipv4 : ipv6, addresses.contains(local) else { return nil }
        return addresses
    }

    private func writeAddresses(
        of source: Endpoint, _ header: Header, _ origin: ReplyOrigin, _ local: Endpoint, _ addresses: ServerAddresses?,
        to reply: inout ByteWriter
    ) {
        if header.hasMagicCookie {
            AddressValue.write(source, as: .xorMappedAddress, mask: header, to: &reply)
        } else {
            AddressValue.write(source, as: .mappedAddress, to: &reply)
        }
        guard let addresses else { return }
        let own = addresses.publicEndpoint(origin, from: local)
        let other = addresses.publicEndpoint(.otherAddressAndPort, from: local)
        AddressValue.write(own, as: header.hasMagicCookie ? .responseOrigin : .sourceAddress, to: &reply)
        AddressValue.write(other, as: header.hasMagicCookie ? .otherAddress : .changedAddress, to: &reply)
    }

    /// PADDING as long as the request's, cut so that the reply is no longer than the request (RFC 5780 §6.1).
    private func writePadding(_ count: Int, to reply: inout ByteWriter) {
        let count = max(0, count) & ~3
        reply.write(AttributeType.padding.rawValue)
        reply.write(UInt16(truncatingIfNeeded: count))
        reply.writeZeros(count)
    }

    private func writeUnknownAttributes(
        _ request: RawSpan, _ header: Header, _ content: RequestContent, hasOtherAddress: Bool,
        to reply: inout ByteWriter
    ) {
        let start = reply.count
        let listByteCount = AttributeField.overhead + AttributeField.padded(2 * content.unknownCount)
        writeError(.unknownAttribute, request, header, content, otherByteCount: listByteCount, to: &reply)
        reply.write(AttributeType.unknownAttributes.rawValue)
        reply.write(UInt16(truncatingIfNeeded: 2 * content.unknownCount))
        RequestContent.writeUnknownTypes(request, header: header, hasOtherAddress: hasOtherAddress, to: &reply)
        reply.writeZeros(AttributeField.padded(2 * content.unknownCount) - 2 * content.unknownCount)
        reply.finishMessage(startingAt: start, fingerprinted: content.isFingerprinted)
    }

    private func writeBadRequest(
        _ request: RawSpan, _ header: Header, _ content: RequestContent, to reply: inout ByteWriter
    ) {
        let start = reply.count
        writeError(.badRequest, request, header, content, otherByteCount: 0, to: &reply)
        reply.finishMessage(startingAt: start, fingerprinted: content.isFingerprinted)
    }

    /// Appends header and ERROR-CODE; the reason only when the reply, with `otherByteCount` to come, fits the request.
    private func writeError(
        _ code: ErrorCode, _ request: RawSpan, _ header: Header, _ content: RequestContent, otherByteCount: Int,
        to reply: inout ByteWriter
    ) {
        let full =
            Header.byteCount + AttributeField.overhead
            + AttributeField.padded(ErrorCode.fixedByteCount + code.reason.utf8.count)
            + otherByteCount + (content.isFingerprinted ? Fingerprint.byteCount : 0)
        let code = full <= request.byteCount ? code : ErrorCode(code.number)
        let header = Header(.bindingFailure, cookie: header.cookie, transactionID: header.transactionID)
        header.write(to: &reply)
        Attribute.errorCode(code).write(to: &reply, header: header)
    }
}
