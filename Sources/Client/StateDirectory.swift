internal import FoundationEssentials
internal import Glibc

/// The folder that one node lives in: its secrets, its lock and its control socket. Mode 0700; the files in it 0600.
public struct StateDirectory: Sendable {
    /// The longest path of a Unix socket (`sockaddr_un`), without the closing zero.
    private static let maximumSocketPathLength = 107

    /// The folder's path.
    public let path: String

    public init(_ path: String) {
        self.path = path
    }

    var stateFilePath: String { path + "/node.json" }
    var lockFilePath: String { path + "/lock" }

    /// The control socket's path; too long a one is refused, since the system would cut it off.
    func controlSocketPath() throws(NodeFailure) -> String {
        let socket = path + "/control.sock"
        guard socket.utf8.count <= Self.maximumSocketPathLength else {
            throw NodeFailure(.invalidArgument, "the path \(socket) is too long for a Unix socket: choose a shorter --state")
        }
        return socket
    }

    /// Makes the folder, for its owner only.
    func create() throws(NodeFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw NodeFailure(.failed, "cannot make the state directory \(path): choose one you may write with --state")
        }
    }

    /// Takes the folder for this process until the lock goes away; a second node on it is refused.
    func lock() throws(NodeFailure) -> StateLock {
        let descriptor = open(lockFilePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeFailure(.failed, "cannot write in the state directory \(path): check its owner and mode")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw NodeFailure(.failed, "a node is already running on \(path): stop it first, or choose another --state")
        }
        return StateLock(descriptor: descriptor)
    }

    /// Loads the node's state; nil when there is none yet.
    func load() throws(NodeFailure) -> NodeState? {
        guard FileManager.default.fileExists(atPath: stateFilePath) else { return nil }
        do {
            return try NodeState(json: Data(contentsOf: URL(filePath: stateFilePath)))
        } catch {
            throw NodeFailure(
                .failed, "the state file \(stateFilePath) cannot be read: repair it, or remove it and join again with a new line")
        }
    }

    /// Writes the state so that a crash leaves the old file or the new one, never half of one.
    func save(_ state: NodeState) throws(NodeFailure) {
        let problem = NodeFailure(.failed, "cannot write \(stateFilePath): check the folder's owner, mode and free space")
        let temporary = stateFilePath + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem }
        defer { close(descriptor) }
        guard let bytes = try? [UInt8](state.json()),  // Strings and numbers always encode.
            write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0, rename(temporary, stateFilePath) == 0
        else { throw problem }
    }

    /// Forgets the node, after it has left its network.
    func erase() {
        unlink(stateFilePath)
    }
}

/// Holds a state directory for this process.
struct StateLock: Sendable {
    fileprivate let descriptor: Int32

    /// Lets another process have the folder.
    func release() {
        close(descriptor)
    }
}
