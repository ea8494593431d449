//! Gives the shared library its soname: programs are bound to the ABI's version, not to the file's name.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Equal to `ABI_VERSION` in src/version.rs; a test compares them.
    let abi = 0;
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "android" | "freebsd" | "netbsd" | "openbsd") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libmlops.so.{abi}");
        }
        Ok("macos") => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libmlops.{abi}.dylib"),
        _ => {}
    }
}
