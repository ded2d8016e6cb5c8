internal import NIOCore

/// A server's TLS session in a pipeline.
package final class TLSServerHandler: TLSHandler {
    private let context: TLSContext

    package init(context: TLSContext) {
        self.context = context
        super.init()
    }

    override func makeSession(port: TLSPort) throws(TLSError) -> TLSSession {
        try TLSSession(server: context, port: port)
    }
}
