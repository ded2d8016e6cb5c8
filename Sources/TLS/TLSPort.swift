internal import COpenSSL

/// Where the TLS sessions of one thread read their ciphertext from and write it to.
///
/// It is one BIO for all sessions of the thread (an idle connection needs no buffers of its own): a pointer into the caller's input, and
/// one output buffer that grows. So only one session may be in work at a time: before another one is touched the caller takes the
/// output away (`clearOutput()`). Breaking that rule would send one peer's bytes to another, and traps.
///
/// Not `Sendable`: a port stays on the thread that made it.
package final class TLSPort {
    /// What the BIO's functions see. It lies in allocated memory, so that reaching it costs neither reference counts nor exclusivity checks.
    struct State {
        /// Ciphertext not yet consumed; borrowed from the caller during a call.
        var input: UnsafePointer<UInt8>?
        var inputCount = 0
        var output: UnsafeMutableRawPointer
        var outputCount = 0
        var outputCapacity: Int
        /// Plaintext gathered for the next record; room for `recordCapacity` bytes.
        let record: UnsafeMutableRawPointer
        var recordCount = 0
        /// The session that output, input and record belong to: only compared.
        var session: UnsafeRawPointer?

        /// Whether nothing of any session is left here.
        var isEmpty: Bool { outputCount == 0 && inputCount == 0 && recordCount == 0 }
    }

    /// The plaintext of one record (RFC 8446 §5.1).
    package static let recordCapacity = 16 << 10
    /// Output capacity that is kept between uses: a wake-up's batch. A larger buffer (a big HTTP body) is given back.
    static let retainedCapacity = 1 << 20
    private static let initialCapacity = 64 << 10

    let state: UnsafeMutablePointer<State>
    /// libcrypto's `BIO`, shared by the sessions that are attached here; its references are counted atomically.
    let bio: OpaquePointer

    package init() {
        guard let bio = BIO_new(Self.method) else { preconditionFailure("out of memory for a BIO") }
        self.bio = bio
        state = .allocate(capacity: 1)
        state.initialize(
            to: State(
                output: .allocate(byteCount: Self.initialCapacity, alignment: 16), outputCapacity: Self.initialCapacity,
                record: .allocate(byteCount: Self.recordCapacity, alignment: 16)))
        BIO_set_data(bio, state)
        BIO_set_init(bio, 1)
    }

    deinit {
        // Sessions that outlive the port keep the BIO; it answers their calls with errors.
        BIO_set_data(bio, nil)
        BIO_free(bio)
        state.pointee.output.deallocate()
        state.pointee.record.deallocate()
        state.deallocate()
    }

    /// The ciphertext to send to the peer of the session in work. It moves with the next call to a session.
    package var output: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: state.pointee.output, count: state.pointee.outputCount)
    }

    /// Forgets the output.
    package func clearOutput() {
        state.pointee.outputCount = 0
        if state.pointee.outputCapacity > Self.retainedCapacity {
            state.pointee.output.deallocate()
            state.pointee.output = .allocate(byteCount: Self.initialCapacity, alignment: 16)
            state.pointee.outputCapacity = Self.initialCapacity
        }
    }

    /// Forgets everything that belongs to the session in work; the caller drops that connection.
    package func abandon() {
        state.pointee.inputCount = 0
        state.pointee.input = nil
        state.pointee.recordCount = 0
        clearOutput()
    }

    // Made once, never changed and never freed: safe to read from every thread.
    private nonisolated(unsafe) static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "causeway port") else {
            preconditionFailure("out of memory for a BIO method")
        }
        BIO_meth_set_read_ex(method, readInput)
        BIO_meth_set_write_ex(method, writeOutput)
        // Flush is the only control that libssl needs an answer to.
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}

/// Gives libssl the next bytes of the port's input.
private func readInput(
    bio: OpaquePointer?, buffer: UnsafeMutablePointer<CChar>?, capacity: Int, read: UnsafeMutablePointer<Int>?
) -> Int32 {
    causeway_bio_clear(bio)
    guard let state = BIO_get_data(bio)?.assumingMemoryBound(to: TLSPort.State.self), let buffer, let read else { return 0 }
    guard let input = state.pointee.input, state.pointee.inputCount > 0 else {
        causeway_bio_ask_again(bio)
        return 0
    }
    let count = min(capacity, state.pointee.inputCount)
    UnsafeMutableRawPointer(buffer).copyMemory(from: input, byteCount: count)
    state.pointee.input = input + count
    state.pointee.inputCount -= count
    read.pointee = count
    return 1
}

/// Takes libssl's ciphertext into the port's output, which grows as needed: it never refuses.
private func writeOutput(
    bio: OpaquePointer?, bytes: UnsafePointer<CChar>?, count: Int, written: UnsafeMutablePointer<Int>?
) -> Int32 {
    causeway_bio_clear(bio)
    guard let state = BIO_get_data(bio)?.assumingMemoryBound(to: TLSPort.State.self), let bytes, let written else { return 0 }
    let needed = state.pointee.outputCount + count
    if needed > state.pointee.outputCapacity {
        let capacity = max(needed, 2 * state.pointee.outputCapacity)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: state.pointee.output, byteCount: state.pointee.outputCount)
        state.pointee.output.deallocate()
        state.pointee.output = larger
        state.pointee.outputCapacity = capacity
    }
    (state.pointee.output + state.pointee.outputCount).copyMemory(from: bytes, byteCount: count)
    state.pointee.outputCount = needed
    written.pointee = count
    return 1
}
