//! What is made from the program is committed as the program makes it (`make docs`).

use std::{fs, path::Path, process::Command};

fn printed(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_helssa")).arg(command).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn generated_documents_are_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (command, file) in [("openapi", "openapi.json"), ("settings", "SETTINGS.md"), ("codes", "ERRORS.md")]
    {
        let committed = fs::read_to_string(docs.join(file)).unwrap_or_default();
        assert!(committed == printed(command), "docs/{file} is out of date: run `make docs`");
    }
}
