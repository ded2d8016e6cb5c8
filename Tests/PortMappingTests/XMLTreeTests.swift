import PortMapping
import Testing
import Wire

struct XMLTreeTests {
    @Test
    func eventsBecomeATree() throws {
        var builder = XMLTreeBuilder()
        try builder.append("\n")
        try builder.open("s:root")
        try builder.append("\n  ")
        try builder.open("a")
        try builder.append("1 ")
        try builder.append("2\n")
        try builder.close()
        try builder.open("B")
        try builder.close()
        try builder.close()
        try builder.append("\n")
        let tree = try builder.finish()
        #expect(tree == XMLTree("root", children: [XMLTree("a", "1 2"), XMLTree("B")]))
        #expect(tree.text(of: "A") == "1 2")
        #expect(tree.first(named: "b") == XMLTree("B"))
        #expect(tree.first(named: "c") == nil)
    }

    @Test
    func aTreeThatIsTooDeepIsRefused() throws {
        var builder = XMLTreeBuilder()
        for _ in 0..<XMLTreeBuilder.maximumDepth { try builder.open("a") }
        #expect(throws: XMLTreeBuilder.Failure.tooDeep) { try builder.open("a") }
    }

    @Test
    func tooManyElementsAreRefused() throws {
        var builder = XMLTreeBuilder()
        try builder.open("a")
        for _ in 1..<XMLTreeBuilder.maximumElementCount {
            try builder.open("b")
            try builder.close()
        }
        #expect(throws: XMLTreeBuilder.Failure.tooManyElements) { try builder.open("b") }
    }

    @Test
    func expandedTextIsRefused() throws {
        var builder = XMLTreeBuilder()
        try builder.open("a")
        let laugh = String(repeating: "ha", count: 1 << 10)
        var failure: XMLTreeBuilder.Failure?
        for _ in 0..<100 where failure == nil {
            do { try builder.append(laugh) } catch { failure = error }
        }
        #expect(failure == .tooMuchText)
    }

    @Test
    func whatDoesNotFitTogetherIsRefused() throws {
        var builder = XMLTreeBuilder()
        #expect(throws: XMLTreeBuilder.Failure.unbalanced) { try builder.close() }
        #expect(throws: XMLTreeBuilder.Failure.unbalanced) { try builder.append("x") }
        #expect(throws: XMLTreeBuilder.Failure.unbalanced) { try builder.finish() }
        try builder.open("a")
        #expect(throws: XMLTreeBuilder.Failure.unbalanced) { try builder.finish() }
        try builder.close()
        #expect(throws: XMLTreeBuilder.Failure.unbalanced) { try builder.open("b") }
    }

    @Test(arguments: [
        ("<?xml version=\"1.0\"?><root><!-- a --><a><![CDATA[x]]></a></root>", true), ("", true),
        ("<!DOCTYPE lolz [<!ENTITY a \"b\">]><root/>", false), ("<!doctype x><root/>", false), ("<root/><!", false),
        ("<\0!\0D\0", false),
    ])
    func documentTypesAreRefusedBeforeTheParser(text: String, isAcceptable: Bool) {
        let document = Array(text.utf8)
        let result = XMLTreeBuilder.isAcceptable(document.bytes)
        #expect(result == isAcceptable)
    }
}
