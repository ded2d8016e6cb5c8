/// What a start fails with, in one line that names the remedy.
package struct StartError: Error, Equatable, CustomStringConvertible {
    /// What goes to the shell: see `ExitStatus`.
    package let status: ExitStatus
    package let description: String

    package init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
