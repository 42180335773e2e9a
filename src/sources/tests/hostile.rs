//! What is broken, refused or meant to harm.

use super::*;

#[test]
fn says_what_a_wrong_file_is() {
    for (content, looks_like) in [
        (&b"<!DOCTYPE html><html>"[..], "an HTML page"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"PK\x03\x04", "zip"),
        (b"", "an empty file"),
        (b"No resources found in shop namespace.\n", "a message of a tool (No resources found"),
        (b"Error from server (Forbidden): pods is forbidden\n", "a message of a tool (Error from server (Forbidden)"),
        (
            b"NAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          3d\n",
            "a table as kubectl prints it",
        ),
        (b"2024-01-01 started\n", "plain text"),
        (b"{\"configs\":[{\"@type\":\"x\"}]}", "an Envoy config_dump"),
        (b"services:\n- name: a\n  isEntrypoint: true\n", "an isotope service graph"),
        (b"instance_type,vcpu,memory_mib\nm5,2,8\n", "a table with the columns instance_type, vcpu, memory_mib"),
        (b"{\"level\":\"info\",\"msg\":\"x\"}\n{\"level\":\"info\",\"msg\":\"y\"}\n", "a log"),
    ] {
        check_error("f", content, &["f: found ", looks_like, "kubectl get"]);
    }
}

#[test]
fn what_tools_print_beside_the_objects_is_passed_over() {
    let list = format!(r#"{{"kind":"List","items":[{POD}]}}"#);
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
    let klog = "W1123 06:35:40.123456    1234 warnings.go:70] policy/v1beta1 is deprecated: use policy/v1";
    for (content, passed_over) in [
        (
            format!("Warning: v1 ComponentStatus is deprecated\n{list}"),
            "1 lines before the objects, the first: Warning: v1",
        ),
        (format!("Warning: x\n{klog}\n\n{list}"), "3 lines before"),
        (format!("{klog}\r\n{yaml}"), "1 lines before the objects, the first: W1123"),
        (format!("Error from server (Forbidden): nodes is forbidden\n{list}"), "the first: Error from server"),
        (format!("---\n{yaml}\nNOTES:\nThank you. Visit http://x: y\n\t1. Do: this\n"), "x:7: what follows NOTES:"),
    ] {
        let reading = read("x", &content).unwrap();
        assert_eq!(reading.objects.len(), 1, "{content}");
        let found = findings(&reading);
        assert!(found["text-passed-over"][0].contains(passed_over), "{found:?}");
    }
    check("x", &format!("{POD}\n---\n{POD}\n--- {POD}"), "Pod 3");
    check("x", &format!("NOTES: none\n{yaml}"), "Pod 1");
    check("x", &format!("{yaml}NOTES:\nhello: : x\n---\n{yaml}"), "Pod 2");
    check_error("p.json", format!("Warning: x\n[{POD},\n{{\"kind\" 1}}]"), &["p.json:3:"]);
    check_error("p.json", format!("{list}\nError from server (Forbidden)\n"), &["p.json:2:1", "'E'", "2>"]);
}

#[test]
fn empty_lists_are_lists() {
    for empty in [
        r#"{"apiVersion":"v1","items":null,"kind":"PodList"}"#,
        r#"{"apiVersion":"v1","items":[],"kind":"List","metadata":{"resourceVersion":""}}"#,
        r#"{"kind":"PodList"}"#,
        "apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
    ] {
        check_error("x", empty, &["not one object: its lists are empty"]);
        check(
            "x",
            &if empty.starts_with('{') { format!("{empty}{POD}") } else { format!("{empty}---\n{POD}\n") },
            "Pod 1",
        );
    }
    check_error("x", r#"{"items":{"a":1},"kind":"List"}"#, &["a list whose items are no array"]);
}

#[test]
fn values_kubernetes_refuses_are_named() {
    let service = |port: &str| {
        format!(r#"{{"kind":"Service","metadata":{{"name":"s"}},"spec":{{"ports":[{{"port":{port}}}]}}}}"#)
    };
    let scaler = |min: &str, max: &str| {
        format!(
            r#"{{"kind":"HorizontalPodAutoscaler","metadata":{{"name":"h"}},"spec":{{"minReplicas":{min},"maxReplicas":{max}}}}}"#
        )
    };
    let pod = |field: &str| format!(r#"{{"kind":"Pod","metadata":{{"name":"p"}},"spec":{{{field}}}}}"#);
    for (object, kind, message) in [
        (service("0"), "field-ignored", "spec.ports: a port has no number in 1 … 65535"),
        (service("70000"), "field-ignored", "spec.ports: a port has no number"),
        (service("-1"), "field-ignored", "spec.ports: a port has no number"),
        (service("null"), "field-ignored", "spec.ports: a port has no number"),
        (service("\"http\""), "object-skipped", "spec.ports[0].port"),
        (scaler("10", "2"), "field-ignored", "spec.maxReplicas: 2 is below minReplicas 10; planned with 10"),
        (scaler("-1", "2"), "field-ignored", "spec.minReplicas: -1 is negative"),
        (
            pod(r#""containers":[null]"#),
            "object-skipped",
            "spec.containers[0]: invalid type: null, expected an object; skipped",
        ),
        (
            pod(r#""containers":{}"#),
            "object-skipped",
            "spec.containers: invalid type: map, expected a sequence; skipped",
        ),
        (
            pod(r#""containers":[{"resources":{"requests":{"cpu":"9e99"}}}]"#),
            "quantity-absurd",
            "spec.containers[0].resources.requests.cpu",
        ),
    ] {
        let reading = read(
            "x",
            format!("[{NODE},{object}]")
                .replace("\"metadata\":{\"name\":\"n\"}", "\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}"),
        )
        .unwrap();
        let found = findings(&reading);
        assert!(found.get(kind).is_some_and(|list| list[0].contains(message)), "{message}: {found:?}");
    }
    for null in ["spec", "status", "labels", "annotations", "ownerReferences", "containers"] {
        let content = format!(
            r#"{{"kind":"Pod","metadata":{{"name":"a","{null}":null}},"{null}":null,"spec":{{"{null}":null}}}}"#
        );
        let content = if null == "spec" { content.replacen(r#""spec":null,"#, "", 1) } else { content };
        check("x", &content, "Pod 1");
    }
}

#[test]
fn broken_json_names_its_place() {
    check_error(
        "p.json",
        format!("[{POD},\n  {{\"kind\":\"Pod\",\"metadata\":{{\"name\" \"x\"}}}}]"),
        &["p.json:2:36", "broken JSON"],
    );
    check_error(
        "p.json",
        format!("{{\"kind\":\"List\",\n\"items\":[{POD}"),
        &["p.json:2:", "the end of the file inside a list"],
    );
    check_error("p.json", format!("[{POD}{POD}]"), &["p.json:1:", ", or ] after an item"]);
}

#[test]
fn no_prefix_of_a_file_panics() {
    let json = format!("{{\"kind\":\"List\",\"items\":[{POD},{NODE}],\"metadata\":{{\"x\":\"\\u00e9\"}}}}");
    let yaml = "# x\nkind: Pod\nmetadata:\n  name: \"a\"\nspec: {containers: [{name: c}]}\n---\nkind: Node\nmetadata: {name: n}\n";
    let packed = gzip(json.as_bytes());
    for whole in [json.as_bytes(), yaml.as_bytes(), &packed] {
        for end in 0..whole.len() {
            let cut = read("x", &whole[..end]);
            assert!(cut.is_err() || whole == yaml.as_bytes(), "{end}");
        }
    }
}

#[test]
fn hostile_content_is_refused() {
    let deep = 100_000;
    for content in [
        "[".repeat(deep),
        format!("{{\"items\":[{}", "{\"a\":".repeat(deep)),
        format!("[{}1{}]", "{\"spec\":".repeat(deep), "}".repeat(deep)),
        format!("kind: {}", "[".repeat(deep)),
        format!("kind: Pod\nspec: {}", "{a: ".repeat(deep)),
        (0..2000).map(|n| format!("{}kind:\n", " ".repeat(n))).collect(),
        format!(
            "a: &a [x,x,x,x,x,x,x,x,x]\nkind: Pod\n{}",
            (0..20).map(|n| format!("b{n}: &b{n} [*a,*a,*a]\n")).collect::<String>()
        ),
        "\u{0}".repeat(100),
        "{\"kind\":\"Pod\",\"kind\":\"Pod\"}".to_owned(),
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}".to_owned(),
        "{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"replicas\":1e999}}".to_owned(),
        "[,]".to_owned(),
        "{}}".to_owned(),
        "{\"items\":null}".to_owned(),
        "==== START logs".to_owned(),
    ] {
        assert!(read("x", &content).is_err(), "{}", content.chars().take(40).collect::<String>());
    }
    assert!(read("x", b"[{\"kind\":\"Pod\",\"metadata\":{\"name\":\"\xff\"}}]").is_err());
    assert!(read("x", b"kind: Pod\nmetadata: {name: \xff}\n").is_err());
}

#[test]
fn one_huge_string_stops_at_the_limit() {
    let huge = "x".repeat(64 << 20);
    check_error("x", format!("[{{\"kind\":\"Pod\",\"a\":\"{huge}\"}}]"), &["an object of more than 16777216 bytes"]);
    check_error("x", format!("{{\"{huge}\":1}}"), &["an object of more than"]);
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let limits = Limits { total_bytes: 4 << 20, ..Limits::default() };
    for filling in [b' ', 0] {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"[").unwrap();
        std::io::copy(&mut std::io::repeat(filling).take(64 << 20), &mut packer).unwrap();
        let bomb = packer.finish().unwrap();
        let error = read_bytes("bomb.gz", &bomb, &limits).expect_err("a bomb").to_string();
        assert!(error.contains("more than 4194304 bytes") || error.contains("binary data"), "{error}");
    }
}

#[test]
fn limits_count_objects() {
    let limits = Limits { objects: 1, ..Limits::default() };
    let error = read_bytes("x", format!("[{POD},{POD}]").as_bytes(), &limits).expect_err("a limit");
    assert!(error.to_string().contains("more than 1 objects"), "{error}");
}

#[test]
fn archives_are_read_through() {
    let mut archive = tar::Builder::new(Vec::new());
    let long = format!("{}/pods.json", "deep/".repeat(40));
    let items = format!("[{BARE_POD}]");
    let inner = gzip(POD.as_bytes());
    for (name, content) in [
        (long.as_str(), items.as_bytes()),
        ("b/deployments/default.json", format!("[{BARE_DEPLOYMENT}]").as_bytes()),
        ("inner.json.gz", &inner),
        ("log.txt", b"nothing here"),
        ("broken.json", b"[{\"kind\":"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, content).unwrap();
    }
    let packed = gzip(&archive.into_inner().unwrap());
    let reading = read("bundle.tgz", &packed).unwrap();
    assert_eq!(reading.inputs[0].objects, [("Deployment".to_owned(), 1), ("Pod".to_owned(), 2)]);
    assert_eq!(&*reading.objects[0].source, format!("bundle.tgz!{long}"));
    let found = findings(&reading);
    assert_eq!(found["files-skipped"], ["bundle.tgz: 1 file is no inventory: bundle.tgz!log.txt (plain text)"]);
    assert!(found["file-broken"][0].starts_with("bundle.tgz!broken.json: "), "{found:?}");
}

#[test]
fn findings_have_distinct_names() {
    let names: std::collections::BTreeSet<&str> = crate::sources::FINDINGS.iter().map(|kind| kind.id).collect();
    assert_eq!(names.len(), crate::sources::FINDINGS.len());
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

/// Every piece with its place, whatever the sizes of reading.
fn pieces(json: &str, chunk: usize, batch: usize) -> Vec<String> {
    let mut splitter = Splitter::new(json.as_bytes(), 1, Sizes { chunk, batch, object: 1 << 20 });
    let mut cut = Vec::new();
    loop {
        match splitter.next_batch() {
            Ok(Some(batch)) => cut.extend(batch.pieces.iter().map(|piece| match piece {
                Piece::Item { range, at } => {
                    format!("{at:?} {}", String::from_utf8_lossy(&batch.bytes[range.clone()]))
                }
                Piece::Whole { bytes, at, listed } => format!("{at:?} {listed} {}", String::from_utf8_lossy(bytes)),
                other => format!("{other:?}"),
            })),
            Ok(None) => return cut,
            Err(error) => {
                // What was cut before is not used either.
                return vec![format!("{error:?}")];
            }
        }
    }
}

proptest! {
    #[test]
    fn chunk_sizes_change_nothing(
        texts in prop::collection::vec("[a-z{}\\[\\]\",:\\\\\n é]{0,12}", 0..6),
        chunk in 1_usize..40,
        batch in 1_usize..200,
        cut in 0_usize..20,
    ) {
        let item = |text: &String| serde_json::json!({"kind": "Pod", "text": text, "list": [{"a": [1, "]"]}]});
        let items: Vec<serde_json::Value> = texts.iter().map(item).collect();
        let list = serde_json::json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"x": texts}});
        let mut json = format!("{}\n{}", serde_json::to_string_pretty(&list).unwrap(), serde_json::to_string(&items).unwrap());
        json.truncate((0..=json.len().saturating_sub(cut)).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0));
        prop_assert_eq!(pieces(&json, chunk, batch), pieces(&json, 1 << 20, 1 << 20));
    }

    #[test]
    fn random_text_never_panics(text in "[\\[\\]{}\"a-zA-Z:,\\-\n #&*|>0-9]{0,200}", start in 0_usize..4) {
        let prefix = ["", "{\"kind\":", "kind: Pod\n", "name,replicas,cpu_request\n"][start];
        let _ = read("x", format!("{prefix}{text}"));
    }
}
