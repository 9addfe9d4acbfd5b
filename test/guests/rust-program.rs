// A Rust program that uses WASI by way of its standard library: the time, a pause, the keys of its hash maps, files,
// standard streams, the network. It prints the results line by line; test/guests/rust-program.test.ts knows the right
// ones.
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() -> io::Result<()> {
    println!("arguments {:?}", env::args().collect::<Vec<_>>());
    println!("LANG {:?}", env::var("LANG").ok());
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    println!("read {line:?}");

    println!("time {:?}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    let before = Instant::now();
    sleep(Duration::from_millis(1500));
    println!("slept {:?}", before.elapsed());
    println!("time {:?}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap());

    let numbers: HashMap<u32, ()> = (0..20).map(|number| (number, ())).collect();
    println!("order {:?}", numbers.keys().collect::<Vec<_>>());

    println!("rates {:?}", fs::read_to_string("/etc/rates.json"));
    println!("missing {:?}", fs::read_to_string("/etc/missing").map_err(|error| error.kind()));
    fs::create_dir("/out")?;
    let mut log = fs::File::options().read(true).write(true).create_new(true).open("/out/log")?;
    log.write_all(b"first\nsecond\n")?;
    log.seek(SeekFrom::Start(0))?;
    log.write_all(b"FIRST")?;
    log.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    println!("log {text:?} {}", log.metadata()?.len());
    fs::rename("/out/log", "/out/log.txt")?;
    let mut names: Vec<_> = fs::read_dir("/out")?.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    println!("entries {names:?}");

    if env::args().any(|argument| argument == "files") {
        files()?;
    }
    if env::args().any(|argument| argument == "connect") {
        println!("connected {:?}", TcpStream::connect("127.0.0.1:80").map(drop).map_err(|error| error.kind()));
        println!("listened {:?}", TcpListener::bind("127.0.0.1:80").map(drop).map_err(|error| error.kind()));
        println!("bound {:?}", UdpSocket::bind("127.0.0.1:80").map(drop).map_err(|error| error.kind()));
        println!("resolved {:?}", "example.com:80".to_socket_addrs().map(drop).is_err());
    }
    if env::args().any(|argument| argument == "panic") {
        panic!("the panic of a test");
    }
    eprint!("an unfinished line");
    Ok(())
}

/// Copies and removes whole directories, as programs do: neither sets `mutate-directory` on the directories that it
/// opens.
fn files() -> io::Result<()> {
    fs::create_dir_all("/tree/a/b")?;
    for name in ["one", "two", "three"] {
        fs::write(format!("/tree/a/{name}"), name)?;
    }
    for entry in fs::read_dir("/tree/a")? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), entry.path().with_extension("copy"))?;
        }
    }
    println!("files {}", fs::read_dir("/tree/a")?.count());

    fs::hard_link("/tree/a/one", "/tree/link")?;
    fs::write("/tree/link", "both")?;
    println!("linked {:?}", fs::read_to_string("/tree/a/one")?);

    let file = fs::File::options().write(true).open("/tree/link")?;
    file.set_modified(UNIX_EPOCH + Duration::from_secs(86_400))?;
    println!("modified {:?}", file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap());

    println!("a file with a slash {:?}", fs::metadata("/tree/link/").map(drop).map_err(|error| error.kind()));
    fs::remove_dir_all("/tree")?;
    println!("removed {:?}", fs::metadata("/tree").map(drop).map_err(|error| error.kind()));
    Ok(())
}
