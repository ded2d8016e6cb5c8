internal import Foundation
internal import FoundationXML
internal import PortMapping
internal import Wire

/// Reads the XML of gateways: the system's parser does the work, within the limits of `XMLTreeBuilder`.
enum XMLDocument {
    /// The document's elements; nil for one that has a document type, breaks a limit or is no XML.
    static func parse(_ document: [UInt8]) -> XMLTree? {
        guard XMLTreeBuilder.isAcceptable(document.bytes) else { return nil }
        let parser = XMLParser(data: Data(document))
        parser.shouldResolveExternalEntities = false
        let listener = Listener()
        parser.delegate = listener
        guard parser.parse(), !listener.isStopped else { return nil }
        // A document without an end is none.
        return try? listener.builder.finish()
    }
}

/// Forwards the parser's events and stops it at the first that breaks a limit.
private final class Listener: NSObject, XMLParserDelegate {
    var builder = XMLTreeBuilder()
    private(set) var isStopped = false

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        forward(parser) { builder throws(XMLTreeBuilder.Failure) in try builder.open(name) }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        forward(parser) { builder throws(XMLTreeBuilder.Failure) in try builder.append(text) }
    }

    func parser(_ parser: XMLParser, foundCDATA data: Data) {
        forward(parser) { builder throws(XMLTreeBuilder.Failure) in
            try builder.append(String(decoding: data, as: UTF8.self))
        }
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        forward(parser) { builder throws(XMLTreeBuilder.Failure) in try builder.close() }
    }

    private func forward(
        _ parser: XMLParser, _ event: (inout XMLTreeBuilder) throws(XMLTreeBuilder.Failure) -> Void
    ) {
        guard !isStopped else { return }
        do throws(XMLTreeBuilder.Failure) {
            try event(&builder)
        } catch {
            isStopped = true
            parser.abortParsing()
        }
    }
}
